import type { Clock } from '../../../../common/runtime/clock';
import type { Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';

/** Target duration of a step in milliseconds. On SQLite, a step blocks all other work. */
const AIM_MS = 50;
/** Minimum rows of a step: fewer are not worth a transaction. */
const LEAST = 10;

/**
 * Adapts the number of rows of the next step so that a step takes about 50 ms. The cost of a row
 * depends on the machine, the database and the dependent rows, so no fixed number fits.
 */
export class StepSize {
  private rows: number;

  /** Starts with a quarter of `most`. */
  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {
    this.rows = Math.max(Math.floor(most / 4), LEAST);
  }

  /**
   * Runs one step that takes up to `limit` rows and returns how many it found. Returns that number,
   * and whether there may be more. A step that calls `begin` first in its transaction is measured
   * until the commit: what the announcement of its changes costs does not depend on the step's
   * size.
   */
  async take(
    step: (limit: number, begin: (transaction: Queries) => void) => Promise<number>,
  ): Promise<{ readonly found: number; readonly isFull: boolean }> {
    const begunAt = this.clock.now();
    let committedAt: number | undefined;
    const committed: AfterCommitStep<undefined> = {
      name: 'measure a step',
      phase: 'announce',
      run: () => {
        committedAt = this.clock.now();
        return Promise.resolve();
      },
    };
    const limit = this.rows;
    const found = await step(limit, (transaction) => hooksOf(transaction).afterCommit(committed));
    const isFull = found === limit;
    // A step that was not full says nothing about the cost of a full one.
    if (isFull) this.took((committedAt ?? this.clock.now()) - begunAt);
    return { found, isFull };
  }

  private took(ms: number): void {
    const fit = ms <= 0 ? 2 : Math.min(AIM_MS / ms, 2);
    this.rows = Math.min(Math.max(Math.floor(this.rows * fit), LEAST), this.most);
  }
}
