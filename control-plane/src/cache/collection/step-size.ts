import type { Clock } from '../../../../common/runtime/clock';

/** How long a step may hold up others, in milliseconds: on SQLite nobody else gets anything done meanwhile. */
const AIM_MS = 50;
/** Not worth a transaction with less. */
const LEAST = 10;

/**
 * How many rows the next step takes, so that a step takes about fifty milliseconds: machines, databases and what hangs on a row
 * differ by far more than any fixed number could allow for.
 */
export class StepSize {
  private rows: number;

  /** Begins with a quarter of `most`. */
  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {
    this.rows = Math.max(Math.floor(most / 4), LEAST);
  }

  /** One step that takes up to `limit` rows and gives how many it found. Says that number, and whether there may be more. */
  async take(step: (limit: number) => Promise<number>): Promise<{ readonly found: number; readonly isFull: boolean }> {
    const begunAt = this.clock.now();
    const limit = this.rows;
    const found = await step(limit);
    const isFull = found === limit;
    // One that found little says nothing about a full one.
    if (isFull) this.took(this.clock.now() - begunAt);
    return { found, isFull };
  }

  private took(ms: number): void {
    const fit = ms <= 0 ? 2 : Math.min(AIM_MS / ms, 2);
    this.rows = Math.min(Math.max(Math.floor(this.rows * fit), LEAST), this.most);
  }
}
