import type { BufferPair } from '../../../common/files/buffer-pool';
import type { Digest } from '../../../common/oci/digest';

/**
 * A complete and verified blob of the store. The reader that opened it closes it, however the read
 * ends.
 */
export interface StoredBlob {
  readonly size: number;
  /** Absolute path, if the bytes are a file on this host. */
  readonly localPath: string | undefined;
  /**
   * Yields `length` bytes from `offset`, in chunks of at most 256 KiB. Throws STORE_FAILED if the
   * bytes are missing. With `into`, the chunks may be parts of these buffers and as large as they
   * are; a chunk is then valid until the one after the next is requested.
   */
  read(offset: number, length: number, signal?: AbortSignal, into?: BufferPair): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * A blob on its way into the store: ingest → advance… → commit | abort. Invisible until commit.
 * Exactly one of commit and abort ends it; an abort after either has no effect.
 */
export interface BlobIngest {
  /**
   * Reports how many bytes at the start of the spool file are final. Never waits and never throws:
   * a store that copies reads the file at its own pace, so a slow store delays neither the fill nor
   * its followers. A store that adopts the file does nothing here.
   */
  advance(writtenBytes: number): void;
  /**
   * Makes the blob visible and durable, after size and digest of the spool file were proven.
   * Succeeds if the blob is already stored.
   */
  commit(spoolFile: string, size: number): Promise<void>;
  /**
   * Discards the ingest. Resolves when nothing of it is left in the store, or the store does not
   * answer.
   */
  abort(): Promise<void>;
}

/**
 * Content-addressed bytes of blobs and manifests. Every method throws STORE_FAILED or STORE_FULL,
 * and those that a client waits for (stat, open, get, put) also STORE_UNREACHABLE, soon; missing
 * content is undefined.
 */
export interface BlobStore {
  /** Returns the size of a complete blob in bytes, or undefined if it is not stored. */
  stat(digest: Digest): Promise<number | undefined>;
  open(digest: Digest): Promise<StoredBlob | undefined>;
  /**
   * Starts an ingest at once, whatever state the store is in. `spoolFile` exists, and stays until
   * the ingest has ended.
   */
  ingest(digest: Digest, spoolFile: string): Promise<BlobIngest>;
  /**
   * Stores small content from memory (manifests) that the caller has verified. It is complete and
   * durable when the promise resolves.
   */
  put(digest: Digest, content: Buffer): Promise<void>;
  /**
   * Returns content of at most `maxBytes`, or undefined if it is not stored. Content with a wrong
   * digest is removed and counts as missing, so that it is fetched again. Throws STORE_FAILED if
   * the content is larger.
   */
  get(digest: Digest, maxBytes: number): Promise<Buffer | undefined>;
  /** Deletes content. Has no effect if it is not stored. */
  delete(digest: Digest): Promise<void>;
  /**
   * Lists at most `limit` complete blobs after `after` ('' = from the start), in bytewise order of
   * their digests (`sha256:…` before `sha512:…`). Blobs that are added or deleted in the meantime
   * may be missing or included.
   */
  list(after: string, limit: number): Promise<BlobPage>;
  /**
   * Moves exactly the bytes that `blob` reads to quarantine; then the digest is not stored any
   * more. `blob` was opened by this store and is still open. Returns false and does nothing if the
   * bytes were replaced or deleted.
   */
  quarantine(digest: Digest, blob: StoredBlob): Promise<boolean>;
}

/** A page of the stored blobs. `more` = further blobs follow. Sizes are in bytes. */
export interface BlobPage {
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly more: boolean;
}
