import { LayoverError } from '../errors/layover-error';

/**
 * Calls `callback` once when the signal aborts, or immediately if it has already aborted. Returns a
 * function that removes the listener. Call it when the operation ends, because the signal may live
 * as long as the process. Does nothing without a signal.
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
 * Returns the error that an aborted operation rejects with: the signal's reason, or CANCELLED if
 * the signal was aborted without a reason. (The platform's default reason is a DOMException, which
 * callers would treat as a bug.)
 */
export function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  // By name, because classes differ between test realms.
  const isDefault = (reason as { readonly name?: unknown } | null)?.name === 'AbortError';
  return isDefault ? new LayoverError('CANCELLED', { cause: reason }) : reason;
}

/** Throws {@link abortReason} if the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortReason(signal);
}

/**
 * Waits for a promise that cannot be cancelled. Settles as the promise does, or rejects with {@link
 * abortReason} as soon as the signal aborts. The promise then continues for its other waiters. If
 * it still resolves, `onLate` receives its value, for example to release a resource. Removes its
 * listener from the signal in all cases.
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
