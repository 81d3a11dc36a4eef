import type { Clock } from '../runtime/clock';
import { abortReason, onAbort } from './until-aborted';

/** Waits `ms` milliseconds. Rejects with {@link abortReason} when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortReason(signal) as Error);
      return;
    }
    const cancel = clock.after(ms, () => {
      stopListening();
      resolve();
    });
    const stopListening = onAbort(signal, () => {
      cancel();
      reject(abortReason(signal!) as Error);
    });
  });
}
