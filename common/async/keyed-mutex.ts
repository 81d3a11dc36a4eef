/**
 * Runs actions on the same key one after the other, in the order of the calls. Actions on different
 * keys run independently.
 */
export class KeyedMutex {
  /** End of the last action of each key that has running or waiting actions. */
  private readonly last = new Map<string, Promise<unknown>>();

  /**
   * Runs an action after all earlier actions of the key, and settles as it does. A failed action
   * does not affect the next ones.
   */
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
