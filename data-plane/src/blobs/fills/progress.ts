import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';

/**
 * Number of bytes at the end that no client gets before the digest is proven
 * (docs/design/fills.md#withheld-bytes).
 */
export const WITHHELD_BYTES = 64 * 1024;

/**
 * Shortest time between two wake-ups of the waiting readers, in milliseconds. It grows with their
 * number, because each wake-up costs work and a message per reader. A reader that waits again gets
 * the bytes received since then at once, so it may be twice as often.
 */
const WAKE_EVERY_MS = 10;
const WAKE_MS_PER_WAITER = 0.25;

interface Waiter {
  readonly offset: number;
  readonly resolve: (available: number) => void;
  readonly reject: (failure: LayoverError) => void;
}

/**
 * The progress of a fill, and the readers that wait for more bytes. A fill begins, grows, and is
 * then proven or failed; a proven fill cannot fail any more.
 */
export class Progress {
  private size: number | undefined;
  private written = 0;
  private proven = false;
  private failure: LayoverError | undefined;
  private readonly waiters = new Set<Waiter>();
  private wokenAt = -Infinity;
  private cancelWake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Number of bytes from the start that may be sent. */
  get available(): number {
    if (this.size === undefined) return 0;
    return this.proven ? this.size : Math.max(0, Math.min(this.written, this.size - WITHHELD_BYTES));
  }

  /** Size of the whole blob; undefined until it is known. */
  get wholeSize(): number | undefined {
    return this.size;
  }

  /** Whether size and digest are verified and every byte can be read. */
  get isProven(): boolean {
    return this.proven;
  }

  begin(size: number | undefined): void {
    this.size = size;
  }

  advance(written: number): void {
    this.written = written;
    if (this.waiters.size === 0 || this.cancelWake !== undefined) return;
    const interval = Math.max(WAKE_EVERY_MS, this.waiters.size * WAKE_MS_PER_WAITER);
    const rest = this.wokenAt + interval - this.clock.now();
    if (rest <= 0) this.wake();
    else this.cancelWake = this.clock.after(rest, () => this.wake());
  }

  prove(size: number): void {
    this.size = size;
    this.written = size;
    this.proven = true;
    this.wake();
  }

  /** Passes the failure to all readers, unless the blob is already proven. */
  fail(failure: LayoverError): void {
    if (this.proven) return;
    this.failure = failure;
    this.cancelWake?.();
    for (const waiter of [...this.waiters]) waiter.reject(failure);
  }

  /** See FillReader.waitBeyond. */
  waitBeyond(offset: number, signal?: AbortSignal): Promise<number> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal));
    if (this.proven) return Promise.resolve(this.available);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.available > offset) return Promise.resolve(this.available);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        offset,
        resolve: (available) => (over(), resolve(available)),
        reject: (failure) => (over(), reject(failure)),
      };
      const onAbort = (): void => waiter.reject(cancelled(signal));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiters.add(waiter);
    });
  }

  private wake(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    this.wokenAt = this.clock.now();
    const { available } = this;
    for (const waiter of [...this.waiters]) {
      if (this.proven || available > waiter.offset) waiter.resolve(available);
    }
  }
}

function cancelled(signal: AbortSignal | undefined): LayoverError {
  return new LayoverError('CANCELLED', { cause: signal?.reason });
}
