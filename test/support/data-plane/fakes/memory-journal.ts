import type { NewRecord, PullJournal } from '../../../../data-plane/src/journal/pull-journal';
import type { PullEvent } from '../../../../proto/gen/layover/v1/PullEvent';

/** A journal in an array. */
export class MemoryJournal implements PullJournal {
  readonly records: NewRecord[] = [];
  readonly counts: { organizationUid: string; served?: number; fetched?: number }[] = [];
  /** Thrown by append, while set. */
  failure: Error | undefined;

  async append(record: NewRecord): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.records.push(record);
  }
  count(bytes: { organizationUid: string; served?: number; fetched?: number }): void {
    this.counts.push(bytes);
  }
  depth(): { readonly records: number; readonly oldestMs: number; readonly dropped: number } {
    return { records: this.records.length, oldestMs: 0, dropped: 0 };
  }
  get pulls(): PullEvent[] {
    return this.records.flatMap((record) => (record.pull ? [record.pull] : []));
  }
}
