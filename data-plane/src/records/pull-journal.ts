import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** A record before the journal gives it an id and a time. */
export type NewRecord = Omit<PullRecord, 'id' | 'at' | 'event'>;

/**
 * Records that wait for the control plane. What `append` has resolved survives a crash and is delivered, in order,
 * at least once; ids let the other side take it once.
 */
export interface PullJournal {
  /** Resolves when the record is on disk (many appends share one sync). Throws STORE_FAILED or STORE_FULL. */
  append(record: NewRecord): Promise<void>;
  /** For statistics that may be lost with the process: kept in memory, summed, written with the next append or every few seconds. */
  count(bytes: { readonly organizationUid: string; readonly served?: number; readonly fetched?: number }): void;
  /** Records not yet delivered, and the age of the oldest in milliseconds. */
  depth(): { readonly records: number; readonly oldestMs: number };
}
