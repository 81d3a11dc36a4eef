import { NO_TOTALS, sum, type Totals } from '../../cache/holdings/holding';

/** Maximum number of blobs to remember. Beyond it, wrong holders are reported a second time. */
const MAX_BLOBS = 100_000;

/**
 * By how much sums and counts will change when the rows they depend on are repaired, so that one
 * fault is reported once.
 */
export class Unrepaired {
  private origin = '';
  private totals = NO_TOTALS;
  private readonly holders = new Map<string, number>();

  /**
   * Notes a wrong holding of an origin: the difference in the sums, and in the number of holders of
   * the blob. Origins must be noted one after the other.
   */
  note(originVersion: string, digest: string, totals: Totals, holders: number): void {
    if (this.origin !== originVersion) Object.assign(this, { origin: originVersion, totals: NO_TOTALS });
    this.totals = sum(this.totals, totals);
    if (holders !== 0 && this.holders.size < MAX_BLOBS) this.holders.set(digest, this.holdersOf(digest) + holders);
  }

  /** Returns the difference in the sums of an origin. */
  totalsOf(originVersion: string): Totals {
    return this.origin === originVersion ? this.totals : NO_TOTALS;
  }

  /** Returns the difference in the number of holders of a blob. */
  holdersOf(digest: string): number {
    return this.holders.get(digest) ?? 0;
  }
}
