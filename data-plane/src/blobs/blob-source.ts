import type { FillRequest } from './fills/fills';

/** A blob being read, from the store or while it is filled; which of the two makes no difference to who reads. */
export interface BlobReader {
  /** `store`: it was there (a hit); `fill`: it comes from upstream right now (a miss). */
  readonly origin: 'store' | 'fill';
  /** Size of the whole blob, in bytes. */
  readonly size: number;
  /** Absolute path of a file of this host with the bytes, growing while it is filled; undefined = there is none. Stays until close(). */
  readonly path: string | undefined;
  /** Bytes from the start that may be read now: all, or while it is filled all that came but the withheld tail. */
  readonly available: number;
  /**
   * Resolves when `available` > `offset`, or with `size` when all is there. Throws the fill's failure: whoever has sent bytes
   * cuts its connection. CANCELLED when the signal aborts.
   */
  waitBeyond(offset: number, signal?: AbortSignal): Promise<number>;
  /**
   * `length` bytes from `offset` (within the blob), in chunks of at most 256 KiB, waiting where they have not come yet. Throws as
   * `waitBeyond` does, and STORE_FAILED when the bytes can't be read.
   */
  read(offset: number, length: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Releases file and fill; never stops the fill. Harmless when repeated. */
  close(): Promise<void>;
}

/** Blobs by digest, wherever their bytes are at the moment. Whether the requester may have them is the caller's question. */
export interface BlobSource {
  /**
   * The blob from the store, or through its fill, which is joined or begun. Whoever opened it closes it.
   * Throws what Fills.open throws, and UPSTREAM_CONTENT where the blob is stored with another size than expected.
   */
  open(request: FillRequest, signal?: AbortSignal): Promise<BlobReader>;
}
