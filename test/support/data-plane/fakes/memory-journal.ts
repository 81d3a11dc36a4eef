import { LayoverError } from '../../../../common/errors/layover-error';
import { ByteCounts } from '../../../../data-plane/src/journal/byte-counts';
import type { NewRecord, PullJournal } from '../../../../data-plane/src/journal/pull-journal';
import type { PullEvent } from '../../../../proto/gen/layover/v1/PullEvent';

/**
 * A pull journal in an array. It fulfills the contract of PullJournal; see
 * test/contract/pull-journal.contract.ts.
 */
export class MemoryJournal implements PullJournal {
  readonly records: NewRecord[] = [];
  /** Maximum number of records. */
  room = Number.POSITIVE_INFINITY;
  private readonly counts = new ByteCounts();
  private dropped = 0;

  async append(record: NewRecord): Promise<void> {
    if (this.write(record)) return;
    if (record.admission) throw new LayoverError('STORE_FULL');
    this.dropped += 1;
  }
  count(bytes: { organizationUid: string; served?: number; fetched?: number }): void {
    this.counts.add(bytes.organizationUid, bytes.served ?? 0, bytes.fetched ?? 0);
  }
  depth(): { readonly records: number; readonly oldestMs: number; readonly dropped: number } {
    return { records: this.records.length, oldestMs: 0, dropped: this.dropped };
  }
  /** Writes the sums of bytes, which the real journal does every few seconds. */
  settle(): void {
    for (const record of this.counts.take()) if (!this.write(record)) this.counts.putBack([record]);
  }
  get pulls(): PullEvent[] {
    return this.records.flatMap((record) => (record.pull ? [record.pull] : []));
  }

  private write(record: NewRecord): boolean {
    if (this.records.length >= this.room) return false;
    this.records.push(record);
    return true;
  }
}
