/**
 * Runs actions on the same key one after the other, in the order in which they came. Actions on
 * different keys run independently.
 */
export class KeyedMutex {
  /** The end of the last action of every key on which some run or wait. */
  private readonly last = new Map<string, Promise<unknown>>();

  /** Settles as the action does. A failed action does not affect those that wait behind it. */
  run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const running = before === undefined ? action() : before.then(action, action);
    const over = running
      .catch(() => undefined)
      .finally(() => {
        if (this.last.get(key) === over) this.last.delete(key);
      });
    this.last.set(key, over);
    return running;
  }
}
