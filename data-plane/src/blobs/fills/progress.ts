import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import { WITHHELD_BYTES } from '../../store/withheld-bytes';

/**
 * Shortest time between two wake-ups of the waiting readers, in milliseconds. It grows with their
 * number, because each wake-up costs work and a message per reader. A reader that waits again gets
 * the bytes received since then at once, so it may be twice as often.
 */
const WAKE_EVERY_MS = 10;
const WAKE_MS_PER_WAITER = 0.25;

interface Waiter {
  readonly offset: number;
  readonly claimed: number;
  readonly resolve: (available: number) => void;
  readonly reject: (failure: LayoverError) => void;
}

/**
 * The progress of a fill, and the readers that wait for more bytes. A fill begins, grows, and is
 * then proven or failed; a proven fill cannot fail any more.
 *
 * Before the proof, nobody knows the size of the blob. Each reader has a size that it has promised
 * to its client, from the headers of the upstream or from a manifest. When this size turns out to
 * be wrong, the reader is cut (docs/design/fills.md#sizes).
 */
export class Progress {
  private announced: number | undefined;
  private proven: number | undefined;
  private isHeld = false;
  private written = 0;
  private failure: LayoverError | undefined;
  private readonly waiters = new Set<Waiter>();
  private wokenAt = -Infinity;
  private cancelWake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Size of the whole blob, if it is proven or the upstream announced it. */
  get size(): number | undefined {
    return this.proven ?? this.announced;
  }

  /** Number of bytes from the start that have arrived. */
  get received(): number {
    return this.written;
  }

  /** Whether size and digest are verified and every byte can be read. */
  get isProven(): boolean {
    return this.proven !== undefined;
  }

  /**
   * Returns the number of bytes from the start that may be sent to a client that was promised
   * `claimed` bytes: without the withheld tail before the proof, and 0 if the promise was wrong.
   */
  availableOf(claimed: number): number {
    if (this.isWrong(claimed) || (this.isHeld && !this.isProven)) return 0;
    return this.proven ?? Math.max(0, Math.min(this.written, claimed - WITHHELD_BYTES));
  }

  /**
   * Notes that the upstream answered. `size`: the size that it announced. `held`: no byte may be
   * read before the proof. May be called again if the blob is requested in another way.
   */
  begin(size: number | undefined, held = false): void {
    this.announced = size;
    this.isHeld = held;
    this.written = 0;
    this.rejectWrong();
  }

  advance(written: number): void {
    this.written = written;
    if (this.waiters.size === 0 || this.cancelWake !== undefined) return;
    const interval = Math.max(WAKE_EVERY_MS, this.waiters.size * WAKE_MS_PER_WAITER);
    const rest = this.wokenAt + interval - this.clock.steady();
    if (rest <= 0) this.wake();
    else this.cancelWake = this.clock.after(rest, () => this.wake());
  }

  prove(size: number): void {
    this.proven = size;
    this.written = size;
    this.wake();
  }

  /** Passes the failure to all readers, unless the blob is already proven. */
  fail(failure: LayoverError): void {
    if (this.isProven) return;
    this.failure = failure;
    this.cancelWake?.();
    for (const waiter of [...this.waiters]) waiter.reject(failure);
  }

  /** See FillReader.waitBeyond. `claimed`: the size that the reader has promised. */
  waitBeyond(offset: number, claimed: number, signal?: AbortSignal): Promise<number> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal));
    if (this.isWrong(claimed)) return Promise.reject(this.wrong(claimed));
    if (this.isProven) return Promise.resolve(claimed);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const available = this.availableOf(claimed);
    if (available > offset) return Promise.resolve(available);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        offset,
        claimed,
        resolve: (found) => (over(), resolve(found)),
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
    this.wokenAt = this.clock.steady();
    this.rejectWrong();
    for (const waiter of [...this.waiters]) {
      const available = this.availableOf(waiter.claimed);
      if (this.isProven || available > waiter.offset) waiter.resolve(available);
    }
  }

  private rejectWrong(): void {
    for (const waiter of [...this.waiters]) if (this.isWrong(waiter.claimed)) waiter.reject(this.wrong(waiter.claimed));
  }

  /** An announced size that is wrong itself fails the fill, so nobody gets a blob of that size. */
  private isWrong(claimed: number): boolean {
    const { size } = this;
    return size === undefined ? this.written > claimed && !this.isHeld : size !== claimed;
  }

  private wrong(claimed: number): LayoverError {
    const size = this.size ?? `more than ${claimed}`;
    return new LayoverError('UPSTREAM_CONTENT', {
      message: `A blob was announced with ${claimed} bytes, as its manifest says, but has ${size}. Repeat the request.`,
    });
  }
}

function cancelled(signal: AbortSignal | undefined): LayoverError {
  return new LayoverError('CANCELLED', { cause: signal?.reason });
}
