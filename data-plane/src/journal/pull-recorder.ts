import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** The control plane as the destination of records. */
export interface PullRecordReceiver {
  /**
   * Resolves when the control plane has stored every record durably; it skips known ids. Throws
   * REQUEST_INVALID if it permanently rejects them (at least one is bad), and any other error if a
   * retry may help.
   */
  record(records: readonly PullRecord[], signal: AbortSignal): Promise<void>;
}
