import { LayoverError } from '../../../common/errors/layover-error';

/**
 * Waits that an abort ends at once, also where what is waited for never settles. Unlike a race with a promise of the
 * abort, it leaves nothing behind on that promise for every wait: a fill waits once per chunk.
 */
export class AbortGate {
  private readonly rejects = new Set<(reason: unknown) => void>();

  /** Lives as long as the signal: the signal must be of one operation, not of the process. */
  constructor(readonly signal: AbortSignal) {
    signal.addEventListener(
      'abort',
      () => {
        for (const reject of this.rejects) reject(signal.reason);
        this.rejects.clear();
      },
      { once: true },
    );
  }

  /** The outcome of `promise`, or a rejection with the signal's reason. `late` gets a value that nobody waits for any more. */
  through<T>(promise: Promise<T>, late?: (value: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.signal.aborted) reject(this.signal.reason);
      else this.rejects.add(reject);
      promise.then(
        (value) => {
          this.rejects.delete(reject);
          if (this.signal.aborted) late?.(value);
          resolve(value);
        },
        (error: unknown) => {
          this.rejects.delete(reject);
          reject(error);
        },
      );
    });
  }
}

/** The outcome of a shared promise, or CANCELLED when the signal aborts first; the promise goes on for the others. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new LayoverError('CANCELLED', { cause: signal.reason }));
    const over = (): void => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(over);
  });
}
