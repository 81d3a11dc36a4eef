/**
 * Promise that is settled from outside, once. (Promise.withResolvers() needs Node 22.) A rejection
 * that nothing awaits is not reported as unhandled.
 */
export class Deferred<T = void> {
  readonly promise: Promise<T>;
  private settle!: { readonly resolve: (value: T) => void; readonly reject: (reason: unknown) => void };

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => (this.settle = { resolve, reject }));
    this.promise.catch(() => undefined);
  }

  /** Resolves the promise. Does nothing if it is already settled. */
  resolve(value: T): void {
    this.settle.resolve(value);
  }

  /** Rejects the promise. Does nothing if it is already settled. */
  reject(reason: unknown): void {
    this.settle.reject(reason);
  }
}
