import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** A record before the journal gives it an id and a time. */
export type NewRecord = Omit<PullRecord, 'id' | 'at' | 'event'>;

/**
 * Records that wait for the control plane. What `append` has written survives a crash and is delivered, in order,
 * at least once; ids let the other side take it once.
 *
 * A full or failing disk, or a journal at its bounds, never stops a pull: a pull record, a blob event or an upstream report
 * that can't be written is dropped, which is logged and counted (`depth().dropped`), and `append` resolves. An admission
 * is a promise to keep content, so it is never dropped in silence: `append` throws.
 */
export interface PullJournal {
  /** Resolves when the record is on disk (many appends share one sync), or was dropped. For an admission throws STORE_FAILED or STORE_FULL. */
  append(record: NewRecord): Promise<void>;
  /** For statistics that may be lost with the process: kept in memory, summed, and written every few seconds and at the end. */
  count(bytes: { readonly organizationUid: string; readonly served?: number; readonly fetched?: number }): void;
  /** Records not yet delivered, the age of the oldest in milliseconds, and how many were dropped since the start. */
  depth(): { readonly records: number; readonly oldestMs: number; readonly dropped: number };
}

/** Records taken from the journal's beginning, to be delivered together. */
export interface JournalBatch {
  readonly records: readonly PullRecord[];
  /** Where the journal goes on behind them; only the journal reads it. */
  readonly end: number;
}

/** The journal as its delivery sees it. One batch at a time: read, then acknowledge. */
export interface DeliverableJournal {
  depth(): { readonly records: number };
  /** Writes the sums of bytes now, so that they are delivered too. Never throws: sums that find no room wait on. */
  settle(): Promise<void>;
  /** The oldest records not yet acknowledged; undefined = none. The same ones again until they are acknowledged. Throws STORE_FAILED. */
  read(maxRecords: number, maxBytes: number): Promise<JournalBatch | undefined>;
  /** The batch is delivered or set aside: it is never read again. Throws STORE_FAILED. */
  acknowledge(batch: JournalBatch): Promise<void>;
  /** Keeps a record that the control plane refuses for good in a file beside the journal; logged and counted. */
  setAside(record: PullRecord, reason: string): Promise<void>;
  /** Calls back after every group of appends; the function returned ends that. */
  onAppended(listener: () => void): () => void;
}
