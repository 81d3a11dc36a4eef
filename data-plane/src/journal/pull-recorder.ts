/** The control plane as the destination of records. */
export interface PullRecordReceiver {
  /**
   * Sends records, each as its bytes (see RecordCodec). Resolves when the control plane has stored
   * every record durably; it skips known ids. Throws REQUEST_INVALID if it permanently rejects them
   * (at least one is bad), and any other error if a retry may help.
   */
  record(records: readonly Buffer[], signal: AbortSignal): Promise<void>;
}
