import { LayoverError } from '../errors/layover-error';

/**
 * Calls `callback` once when the signal aborts, or at once if it has aborted already. Returns a
 * function that removes the listener: call it when the operation ends, because the signal may live
 * as long as the process. Without a signal nothing happens.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}

/**
 * Returns the error that an aborted operation rejects with: the signal's reason, or CANCELLED if the
 * signal was aborted without one. (The platform's default reason is a DOMException, which callers
 * would take for a bug.)
 */
export function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  // By its name: classes differ between test realms.
  const isDefault = (reason as { readonly name?: unknown } | null)?.name === 'AbortError';
  return isDefault ? new LayoverError('CANCELLED', { cause: reason }) : reason;
}

/** Throws {@link abortReason} if the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortReason(signal);
}

/**
 * Waits for a promise that cannot be cancelled itself. Settles as the promise does, or rejects with
 * {@link abortReason} as soon as the signal aborts; the promise then goes on for its other waiters,
 * and `onLate` receives its value if it still resolves (to release a resource that nobody waits for
 * any more). Leaves no listener behind. A signal that aborts after the promise settled changes
 * nothing.
 */
export function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  onLate?: (value: T) => void,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    let isLate = false;
    const stopListening = onAbort(signal, () => {
      isLate = true;
      reject(abortReason(signal));
    });
    promise.then(
      (value) => {
        stopListening();
        if (isLate) onLate?.(value);
        resolve(value);
      },
      (error: unknown) => {
        stopListening();
        reject(error);
      },
    );
  });
}
