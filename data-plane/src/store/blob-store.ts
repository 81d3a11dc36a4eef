import type { Digest } from '../../../common/oci/digest';

/** A blob that is in the store, whole and verified. Opened by a reader, who closes it, however the read ends. */
export interface StoredBlob {
  readonly size: number;
  /** Absolute path where the bytes are a file of this host. */
  readonly localPath: string | undefined;
  /** `length` bytes from `offset`, in chunks of at most 256 KiB. Throws STORE_FAILED when the bytes are not there after all. */
  read(offset: number, length: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * A blob on its way in: begin → advance… → commit | abort. Invisible until commit.
 * Exactly one of commit and abort ends it; abort is harmless after either.
 */
export interface BlobIngest {
  /**
   * The spool file has so many bytes, from its start, that do not change any more. Never waits and never throws: a store that copies
   * reads the file at its own pace, so that a slow one holds up neither the fill nor who follows it. A store that adopts the file does nothing here.
   */
  advance(writtenBytes: number): void;
  /** Size and digest of the spool file are proven; makes the blob visible and durable. Already there = success. */
  commit(spoolFile: string, size: number): Promise<void>;
  /** Nothing of it is kept; resolves when nothing is left of it in the store either, or the store does not answer. */
  abort(): Promise<void>;
}

/** Content-addressed bytes, blobs and manifests alike. Every method throws STORE_FAILED or STORE_FULL; absence is undefined. */
export interface BlobStore {
  /** Size of a blob that is there whole; undefined = not there. */
  stat(digest: Digest): Promise<number | undefined>;
  open(digest: Digest): Promise<StoredBlob | undefined>;
  /** Begins at once, whatever state the store is in. `spoolFile` exists, and stays until the ingest has ended. */
  ingest(digest: Digest, spoolFile: string): Promise<BlobIngest>;
  /** Small content in memory (manifests), already verified by the caller; whole and durable when it resolves. */
  put(digest: Digest, content: Buffer): Promise<void>;
  /**
   * Content of at most `maxBytes` in memory; undefined = not there. Content with a wrong digest is removed and counts as not there, so that it
   * is fetched again. Throws STORE_FAILED when it is larger.
   */
  get(digest: Digest, maxBytes: number): Promise<Buffer | undefined>;
  /** Harmless when it is not there. */
  delete(digest: Digest): Promise<void>;
  /**
   * What is there whole, in bytewise order of the digests' text (`sha256:…` before `sha512:…`), after `after` ('' = from the start), at most
   * `limit`. What comes or goes meanwhile may be in it or not.
   */
  list(after: string, limit: number): Promise<BlobPage>;
  /**
   * Moves aside exactly the bytes that `blob` reads, which was opened by this store and is still open; from then on the digest is not there.
   * false = other bytes have taken its place, or it is gone: nothing was done.
   */
  quarantine(digest: Digest, blob: StoredBlob): Promise<boolean>;
}

/** A part of what a store holds. `more` = there is something after it. Sizes in bytes. */
export interface BlobPage {
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly more: boolean;
}
