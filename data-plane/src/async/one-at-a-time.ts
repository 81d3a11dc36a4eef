/** Actions on one key follow each other, in the order they came; those on different keys know nothing of each other. */
export class OneAtATime {
  /** The last action of every key on which some run or wait. */
  private readonly last = new Map<string, Promise<unknown>>();

  /** The action's result, or what it threw. */
  run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const running = before === undefined ? action() : before.then(action, action);
    // What went wrong with one is no business of the next, and is told by its own promise.
    const over = running
      .catch(() => undefined)
      .finally(() => {
        if (this.last.get(key) === over) this.last.delete(key);
      });
    this.last.set(key, over);
    return running;
  }
}
