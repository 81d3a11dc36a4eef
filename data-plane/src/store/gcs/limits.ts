/** Limits of all traffic with a bucket, in milliseconds and bytes. */
export interface GcsLimits {
  /** Time for name resolution, TCP and TLS. */
  readonly connectMs: number;
  /**
   * Time from sending the request to the response headers; while a body is sent, time without
   * progress.
   */
  readonly headersMs: number;
  /** Time without a byte of a body that is being read. */
  readonly idleMs: number;
  /** Time for a small operation (metadata, list, delete, a manifest), including all tries. */
  readonly operationMs: number;
  /** Time for such an operation if a client waits for it, including all tries. */
  readonly clientMs: number;
  /** Time to end an upload session that is not needed any more. */
  readonly cancelMs: number;
  /** Time for one request with a part of an upload. */
  readonly chunkMs: number;
  /** How long reads and uploads are retried without progress. */
  readonly readPatienceMs: number;
  readonly uploadPatienceMs: number;
  /** Time for a whole upload, from the moment when its blob is proven. */
  readonly uploadMs: number;
  /** First delay before a retry. It doubles up to `retryMaxMs`, with jitter. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /**
   * Number of bytes of an upload in one request; a multiple of 256 KiB (Cloud Storage, "Resumable
   * uploads").
   */
  readonly chunkBytes: number;
  /** Number of parts of uploads that are sent at a time. */
  readonly uploadsAtOnce: number;
}

/** Default limits. */
export const DEFAULT_GCS_LIMITS: GcsLimits = {
  connectMs: 5_000,
  headersMs: 15_000,
  idleMs: 30_000,
  operationMs: 20_000,
  // Longer than the slowest answers of a bucket that is well.
  clientMs: 5_000,
  cancelMs: 5_000,
  chunkMs: 120_000,
  readPatienceMs: 30_000,
  // A bucket may be unavailable for longer than a moment. The spool file can wait, and clients
  // already have their bytes.
  uploadPatienceMs: 120_000,
  uploadMs: 3_600_000,
  retryBaseMs: 250,
  retryMaxMs: 8_000,
  chunkBytes: 8 * 1024 * 1024,
  uploadsAtOnce: 32,
};
