import { Deferred } from '../../../../common/async/deferred';
import { untilAborted } from '../../../../common/async/until-aborted';
import type { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { FillLimits } from './fill-limits';

/** Dependencies of HeadTiming. */
export interface HeadTimingOptions {
  readonly clock: Clock;
  readonly limits: Pick<FillLimits, 'headAfterMs' | 'headAfterAnswerMs'>;
  /** Returns the proven or announced size; undefined = nobody knows it. */
  readonly size: () => number | undefined;
}

/**
 * Decides when the clients of a fill get their response heads, and with which size
 * (docs/design/fills.md#sizes).
 */
export class HeadTiming {
  /** Resolves when the upstream announced the size, or it is certain. */
  private readonly announced = new Deferred();
  private readonly certain = new Deferred();
  /** Resolves when clients that know a size get their response head without waiting longer. */
  private readonly due = new Deferred();
  private readonly timers: (() => void)[] = [];

  constructor(private readonly options: HeadTimingOptions) {}

  /** The upstream is being asked. */
  asked(): void {
    this.dueAfter(this.options.limits.headAfterMs);
  }

  /** The upstream answered, and announced a size or not. `expected`: the size in the manifest. */
  answered(announced: number | undefined, expected: number | undefined): void {
    if (announced !== undefined) this.announced.resolve();
    if (announced !== undefined && announced === (expected ?? announced)) return;
    this.dueAfter(this.options.limits.headAfterAnswerMs);
  }

  /** The blob is proven, or was found in the store. */
  settled(): void {
    this.stop();
    this.announced.resolve();
    this.certain.resolve();
  }

  /** The fill failed. Without effect on what is settled. */
  failed(failure: LayoverError): void {
    this.stop();
    this.announced.reject(failure);
    this.certain.reject(failure);
  }

  /**
   * Resolves with the size that may be promised to a client, in bytes: the proven one, or the one
   * that the upstream announced. If it announces none, or another one than the manifest names, the
   * proof is awaited, but only for a few seconds if there is any size to promise. Throws the
   * failure of the fill, or CANCELLED if the signal aborts.
   */
  async sizeFor(expected: number | undefined, signal: AbortSignal | undefined): Promise<number> {
    const { size } = this.options;
    const first = [this.announced.promise, ...(expected === undefined ? [] : [this.due.promise])];
    await untilAborted(Promise.race(first), signal);
    if (size() !== undefined && expected !== undefined && size() !== expected)
      await untilAborted(Promise.race([this.certain.promise, this.due.promise]), signal);
    return size() ?? expected!;
  }

  private dueAfter(ms: number): void {
    this.timers.push(this.options.clock.after(ms, () => this.due.resolve()));
  }

  private stop(): void {
    for (const cancel of this.timers.splice(0)) cancel();
  }
}
