/** How bytes of a blob reach the client. */
export type DeliveryKind = 'inline' | 'local-file' | 'redirect';

/** Counts what happens while blobs are delivered. */
export interface DeliveryMetrics {
  /**
   * Counts a delivery while `send` runs. `out` tells how many bytes were sent; they are read when
   * metrics are collected and when `send` has settled. Returns or throws what `send` does.
   */
  delivering<T>(delivery: DeliveryKind, out: { readonly sent: number }, send: () => Promise<T>): Promise<T>;
  /** Counts a client that was redirected to a signed URL. */
  redirected(): void;
  /** Counts a local file that could not be used. */
  localFallback(): void;
  /** Counts a data plane that failed in the middle of a delivery and is replaced by another one. */
  nodeFailed(when: 'middle'): void;
}
