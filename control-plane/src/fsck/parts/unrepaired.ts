import { NO_TOTALS, sum, type Totals } from '../../cache/holdings/holding';

/** Blobs that are remembered; of more, their holders are called wrong as well. */
const MAX_BLOBS = 100_000;

/** By how much sums and numbers that follow from rows will differ once those rows are right: so that one fault is told once. */
export class Unrepaired {
  private origin = '';
  private totals = NO_TOTALS;
  private readonly holders = new Map<string, number>();

  /** A holding of an origin that is wrong: what the sums lack, and how many more hold the blob. Origins come one after the other. */
  note(originVersion: string, digest: string, totals: Totals, holders: number): void {
    if (this.origin !== originVersion) Object.assign(this, { origin: originVersion, totals: NO_TOTALS });
    this.totals = sum(this.totals, totals);
    if (holders !== 0 && this.holders.size < MAX_BLOBS) this.holders.set(digest, this.holdersOf(digest) + holders);
  }

  /** What the sums of an origin lack. */
  totalsOf(originVersion: string): Totals {
    return this.origin === originVersion ? this.totals : NO_TOTALS;
  }

  /** How many more hold a blob. */
  holdersOf(digest: string): number {
    return this.holders.get(digest) ?? 0;
  }
}
