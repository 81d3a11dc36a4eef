import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';

/**
 * Bytes at the end that nobody gets before the digest is proven
 * (docs/design/fills.md#withheld-bytes).
 */
export const WITHHELD_BYTES = 64 * 1024;

/**
 * Waiting readers are woken at most this often, and less often the more they are: each wake-up is work, and a message, for each of
 * them. (One that waits again finds what came since at once, so it may be twice as often.)
 */
const WAKE_EVERY_MS = 10;
const WAKE_MS_PER_WAITER = 0.25;

interface Waiter {
  readonly offset: number;
  readonly resolve: (available: number) => void;
  readonly reject: (failure: LayoverError) => void;
}

/** How far a fill has come, and who waits for more. Beginning, then growing, then proven or failed; proven is for good. */
export class Progress {
  private size: number | undefined;
  private written = 0;
  private proven = false;
  private failure: LayoverError | undefined;
  private readonly waiters = new Set<Waiter>();
  private wokenAt = -Infinity;
  private cancelWake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Bytes from the start that may be handed out. */
  get available(): number {
    if (this.size === undefined) return 0;
    return this.proven ? this.size : Math.max(0, Math.min(this.written, this.size - WITHHELD_BYTES));
  }

  /** Size of the whole blob; undefined while nobody knows it. */
  get wholeSize(): number | undefined {
    return this.size;
  }

  /** Whether size and digest are right, and every byte can be read. */
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

  /** Readers get the failure, unless everything is proven already. */
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
