import { LayoverError } from '../../../common/errors/layover-error';

/**
 * One call at a time for a key, however many ask; the others wait for its result. A waiter that leaves takes nothing from the
 * others: the call itself is never cancelled by them (it is bounded by the time-outs of what it does). A failure is shared
 * too: a hundred clients that wait for one upstream must not ask it a hundred times because it is in trouble.
 * The entry is gone before anybody is woken, so that whoever asks next asks anew.
 */
export class SharedCalls<T> {
  private readonly running = new Map<string, Promise<T>>();

  /** The result of the running call with this key, or of a new one. Rejects with CANCELLED when the signal aborts. */
  share(key: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    let running = this.running.get(key);
    if (running === undefined) {
      running = call().finally(() => this.running.delete(key));
      // When every waiter has left, nobody is there to see it fail.
      running.catch(() => undefined);
      this.running.set(key, running);
    }
    return signal === undefined ? running : leaveOnAbort(running, signal);
  }
}

/** The promise's result, unless the signal aborts first: then CANCELLED. Leaves no listener behind. */
function leaveOnAbort<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new LayoverError('CANCELLED'));
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    running.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
