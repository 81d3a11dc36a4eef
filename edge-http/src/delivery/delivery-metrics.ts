/** How the bytes of a blob reach the client. */
export type DeliveryKind = 'inline' | 'channel' | 'local-file' | 'offload' | 'redirect';

/** Counts events of deliveries. */
export interface DeliveryMetrics {
  /**
   * Counts a delivery while `send` runs. `out` contains the number of sent bytes, which is read at
   * each scrape and when `send` settles. Settles as `send` does.
   */
  delivering<T>(delivery: DeliveryKind, out: { readonly sent: number }, send: () => Promise<T>): Promise<T>;
  /** Counts a client that was redirected to a signed URL. */
  redirected(): void;
  /** Counts an answer that nginx sends, and the bytes that it was told to send. */
  offloaded(bytes: number): void;
  /** Counts a file that nginx could not open. */
  offloadFailed(): void;
  /** Counts a local file that could not be used. */
  localFallback(): void;
  /** Counts a byte channel that could not be used. */
  channelFallback(): void;
  /**
   * Counts a data plane that failed in the middle of a delivery and was replaced by another one.
   */
  nodeFailed(when: 'middle'): void;
}
