/** A promise that is settled from outside, once. A rejection that nobody awaits is no bug here: it is not reported. */
export class Deferred {
  readonly promise: Promise<void>;
  private settle: { resolve: () => void; reject: (reason: unknown) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };

  constructor() {
    this.promise = new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));
    this.promise.catch(() => undefined);
  }

  resolve(): void {
    this.settle.resolve();
  }

  reject(reason: unknown): void {
    this.settle.reject(reason);
  }
}
