import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/**
 * A record before the journal adds its time. `id` is the identity of the request (the `recordId` of
 * its context) if the request causes no other record; without it, the journal makes one. `at` is
 * set if the record is about an earlier time, in milliseconds since the epoch.
 */
export type NewRecord = Omit<PullRecord, 'at' | 'event'> & { readonly at?: number };

/**
 * Records that wait for the control plane. Records that `append` has written survive a crash and
 * are delivered in order, at least once. Their ids let the control plane apply each of them once.
 *
 * A full or failing disk, or a journal at its limits, never stops a pull. A pull record, blob event
 * or upstream report that cannot be written is dropped, logged and counted (`depth().dropped`), and
 * `append` resolves. An admission is a promise to keep content, so it is never dropped silently:
 * `append` throws.
 */
export interface PullJournal {
  /**
   * Appends a record. Resolves when it is on disk (many appends share one sync) or was dropped. For
   * an admission, throws STORE_FAILED or STORE_FULL instead of dropping it.
   */
  append(record: NewRecord): Promise<void>;
  /**
   * Counts bytes for statistics that may be lost with the process: summed in memory, and written
   * every few seconds and at the end.
   */
  count(bytes: { readonly organizationUid: string; readonly served?: number; readonly fetched?: number }): void;
  /**
   * Returns the number of undelivered records, the age of the oldest in milliseconds, and the
   * number of records dropped since the start.
   */
  depth(): { readonly records: number; readonly oldestMs: number; readonly dropped: number };
}

/** Records from the start of the journal that are delivered together. */
export interface JournalBatch {
  /** The bytes of each record; see RecordCodec. */
  readonly records: readonly Buffer[];
  /** Number of the record after the batch; only the journal uses it. */
  readonly end: number;
}

/** The journal as its delivery uses it. One batch at a time: read, then acknowledge. */
export interface DeliverableJournal {
  depth(): { readonly records: number };
  /**
   * Writes the sums of bytes now, so that they are delivered too. Never throws: sums that cannot be
   * written stay in memory.
   */
  settle(): Promise<void>;
  /**
   * Returns the oldest unacknowledged records, or undefined if all are acknowledged. Returns the
   * same batch until it is acknowledged. Throws STORE_FAILED.
   */
  read(maxRecords: number, maxBytes: number): Promise<JournalBatch | undefined>;
  /** Marks a batch as delivered or set aside, so it is never read again. Throws STORE_FAILED. */
  acknowledge(batch: JournalBatch): Promise<void>;
  /**
   * Writes a record that the control plane permanently rejects to a file next to the journal, and
   * logs it.
   */
  setAside(record: Buffer, reason: string): Promise<void>;
  /** Calls `listener` after every group of appends, until the returned function is called. */
  onAppended(listener: () => void): () => void;
}
