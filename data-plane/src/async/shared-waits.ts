import { LayoverError } from '../../../common/errors/layover-error';

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * One piece of work at a time for a key, however many wait for it, as SharedCalls; but when the last of them has left, it is aborted: what only waits need not go on for nobody.
 */
export class SharedWaits<T> {
  private readonly running = new Map<string, Running<T>>();

  /** The result of the work that runs under this key, or of a new one. Rejects with CANCELLED when the caller's signal aborts. */
  share(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = this.running.get(key) ?? this.begin(key, work);
    running.waiting += 1;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        leave();
        reject(new LayoverError('CANCELLED'));
      };
      const leave = (): void => {
        signal?.removeEventListener('abort', onAbort);
        running.waiting -= 1;
        if (running.waiting > 0) return;
        if (this.running.get(key) === running) this.running.delete(key);
        running.controller.abort();
      };
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      running.result.then(
        (value) => {
          if (signal?.aborted !== true) leave();
          resolve(value);
        },
        (error: unknown) => {
          if (signal?.aborted !== true) leave();
          reject(error as Error);
        },
      );
    });
  }

  private begin(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const running: Running<T> = {
      controller,
      waiting: 0,
      result: work(controller.signal).finally(() => {
        if (this.running.get(key) === running) this.running.delete(key);
      }),
    };
    // When everybody has left, nobody is there to see it fail.
    running.result.catch(() => undefined);
    this.running.set(key, running);
    return running;
  }
}
