/** Calls under way by key: whoever asks for the same meanwhile gets the same answer, or the same failure. */
export class SingleFlight<T> {
  private readonly calls = new Map<string, Promise<T>>();

  /** Joins the call of this key that is under way, or begins it. */
  run(key: string, call: () => Promise<T>): Promise<T> {
    const running = this.calls.get(key);
    if (running !== undefined) return running;
    const started = call().finally(() => this.calls.delete(key));
    this.calls.set(key, started);
    return started;
  }
}
