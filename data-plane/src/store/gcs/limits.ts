/** Bounds of all traffic with a bucket. Milliseconds and bytes. */
export interface GcsLimits {
  /** Name, TCP and TLS. */
  readonly connectMs: number;
  /** From the request sent to the answer's headers; while a body is sent, without a byte being taken. */
  readonly headersMs: number;
  /** Without a byte of a body that somebody reads. */
  readonly idleMs: number;
  /** A small operation (look, list, delete, a manifest), with all its tries. */
  readonly operationMs: number;
  /** To end an upload session that nobody needs any more. */
  readonly cancelMs: number;
  /** One request that carries a part of an upload. */
  readonly chunkMs: number;
  /** How long reads and uploads are tried again without getting on. */
  readonly readPatienceMs: number;
  readonly uploadPatienceMs: number;
  /** A whole upload, from the moment that its blob is proven. */
  readonly uploadMs: number;
  /** First wait before another try; doubles up to `retryMaxMs`, with jitter. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Bytes of an upload that one request carries; a multiple of 256 KiB (Cloud Storage, "Resumable uploads"). */
  readonly chunkBytes: number;
  /** Parts of uploads that are on their way at a time. */
  readonly uploadsAtOnce: number;
}

/** What holds where the composition root says nothing else. */
export const DEFAULT_GCS_LIMITS: GcsLimits = {
  connectMs: 5_000,
  headersMs: 15_000,
  idleMs: 30_000,
  operationMs: 20_000,
  cancelMs: 5_000,
  chunkMs: 120_000,
  readPatienceMs: 30_000,
  // A bucket may be away for longer than a hiccup: the spool file waits, and clients have their bytes already.
  uploadPatienceMs: 120_000,
  uploadMs: 3_600_000,
  retryBaseMs: 250,
  retryMaxMs: 8_000,
  chunkBytes: 8 * 1024 * 1024,
  uploadsAtOnce: 32,
};
