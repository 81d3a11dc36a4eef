import type { NewRecord } from './pull-journal';

/** Bytes of one organization since the sums were last written. */
interface Sums {
  served: number;
  fetched: number;
}

/**
 * Sums of bytes by organization, in memory only. Sums that were not taken are lost with the
 * process.
 */
export class ByteCounts {
  private readonly sums = new Map<string, Sums>();

  /** Whether all sums are zero. */
  get empty(): boolean {
    return this.sums.size === 0;
  }

  /** Adds bytes to the sums of an organization. */
  add(organizationUid: string, served: number, fetched: number): void {
    if (served === 0 && fetched === 0) return;
    const sums = this.sums.get(organizationUid);
    if (sums === undefined) {
      this.sums.set(organizationUid, { served, fetched });
    } else {
      sums.served += served;
      sums.fetched += fetched;
    }
  }

  /** Returns the sums as records, one per organization, and resets them to zero. */
  take(): NewRecord[] {
    const records = [...this.sums].map(([organizationUid, { served, fetched }]): NewRecord => ({
      blob: { organizationUid, digest: '', size: 0, bytesServed: served, bytesFetched: fetched },
    }));
    this.sums.clear();
    return records;
  }

  /** Adds records back that {@link ByteCounts.take} returned and that could not be written. */
  putBack(records: readonly NewRecord[]): void {
    for (const { blob } of records) {
      if (blob) this.add(blob.organizationUid ?? '', Number(blob.bytesServed ?? 0), Number(blob.bytesFetched ?? 0));
    }
  }
}
