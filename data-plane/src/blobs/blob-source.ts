import type { BufferPair } from '../../../common/files/buffer-pool';
import type { FillRequest } from './fills/fills';

/**
 * A blob that is being read, from the store or from a running fill. The caller reads both the same
 * way.
 */
export interface BlobReader {
  /**
   * `store`: the blob was stored (a hit). `fill`: it arrives from the upstream right now, or did
   * so while the request waited (a miss).
   */
  readonly origin: 'store' | 'fill';
  /**
   * Size of the whole blob, in bytes. During a fill, it may turn out to be wrong; `waitBeyond` then
   * throws UPSTREAM_CONTENT.
   */
  readonly size: number;
  /**
   * Absolute path of a file on this host with the bytes; it grows during a fill. undefined = there
   * is no file. The file stays until close().
   */
  readonly path: string | undefined;
  /**
   * Number of bytes from the start that may be read now. During a fill, these are all received
   * bytes except the withheld tail.
   */
  readonly available: number;
  /**
   * Resolves when `available` > `offset`, or with `size` when the blob is complete. Throws the
   * failure of the fill; a caller that has already sent bytes then cuts its connection. Throws
   * CANCELLED if the signal aborts.
   */
  waitBeyond(offset: number, signal?: AbortSignal): Promise<number>;
  /**
   * Yields `length` bytes from `offset` (both within the blob), in chunks of at most 256 KiB. Waits
   * for bytes that have not arrived yet. Throws what `waitBeyond` throws, and STORE_FAILED if the
   * bytes cannot be read. `into`: see StoredBlob.read.
   */
  read(offset: number, length: number, signal?: AbortSignal, into?: BufferPair): AsyncIterable<Buffer>;
  /** Releases the file and the fill; never stops the fill. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens blobs by digest, from the store or from a fill. The caller checks whether the requester may
 * have them.
 */
export interface BlobSource {
  /**
   * Opens the blob from the store, or joins or starts its fill. The caller closes the reader.
   * Throws the errors of Fills.open.
   */
  open(request: FillRequest, signal?: AbortSignal): Promise<BlobReader>;
}
