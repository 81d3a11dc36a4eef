import type { NewRecord } from './pull-journal';

/** Bytes that moved for one organization since they were last written down. */
interface Sums {
  served: number;
  fetched: number;
}

/** Sums of bytes by organization. In memory only: what is not yet taken is lost with the process. */
export class ByteCounts {
  private readonly sums = new Map<string, Sums>();

  /** Whether there is nothing to take. */
  get empty(): boolean {
    return this.sums.size === 0;
  }

  /** Adds to an organization's sums. */
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

  /** The sums as records, one for each organization; they begin at zero again. */
  take(): NewRecord[] {
    const records = [...this.sums].map(([organizationUid, { served, fetched }]): NewRecord => ({
      blob: { organizationUid, digest: '', size: 0, bytesServed: served, bytesFetched: fetched },
    }));
    this.sums.clear();
    return records;
  }

  /** Puts back what {@link ByteCounts.take} gave and could not be written. */
  putBack(records: readonly NewRecord[]): void {
    for (const { blob } of records) {
      if (blob) this.add(blob.organizationUid ?? '', Number(blob.bytesServed ?? 0), Number(blob.bytesFetched ?? 0));
    }
  }
}
