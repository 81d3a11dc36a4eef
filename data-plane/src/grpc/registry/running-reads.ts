import type { Digest } from '../../../../common/oci/digest';

/** One answer with the bytes of a blob. */
export interface RunningRead {
  /** How many answers with bytes of the blob are running, this one included. */
  readonly count: number;
  /** Call once when the answer is over. */
  end(): void;
}

/**
 * Counts the answers that send bytes of a blob, for edges that choose among data planes (ADR 51).
 */
export class RunningReads {
  private readonly counts = new Map<Digest, number>();

  begin(digest: Digest): RunningRead {
    const count = (this.counts.get(digest) ?? 0) + 1;
    this.counts.set(digest, count);
    return {
      count,
      end: () => {
        const left = this.counts.get(digest)! - 1;
        if (left === 0) this.counts.delete(digest);
        else this.counts.set(digest, left);
      },
    };
  }
}
