import { LayoverError } from '../../../../common/errors/layover-error';
import { type Digest, hexOf, newHasher } from '../../../../common/oci/digest';
import type { StoredBlob } from '../blob-store';
import { isUnreadable } from '../store-error';
import { WITHHELD_BYTES } from '../withheld-bytes';

/** Parameters of the wrappers of stored blobs. */
export interface WatchedReads {
  readonly digest: Digest;
  /** Called once for a read that shows that the stored bytes may be damaged. */
  readonly onDoubt: () => void;
}

/**
 * Returns a blob whose bytes are proven while they are read (docs/design/fills.md#stored-bytes). A
 * read of all bytes withholds the last 64 KiB until the digest is right, and otherwise throws
 * STORE_FAILED in their place. A read of a part is not proven. Nobody may read the file of the
 * blob by its path.
 */
export function provenReads(blob: StoredBlob, watched: WatchedReads): StoredBlob {
  const reads = watchedReads(blob, watched);
  return {
    ...reads,
    localPath: undefined,
    read: (offset, length, signal, into) =>
      offset === 0 && length >= blob.size
        ? readProven(reads, watched, signal)
        : reads.read(offset, length, signal, into),
  };
}

/**
 * Returns a blob that reports bytes which the disk or the file system declares unreadable. The file
 * of the blob may be read by its path.
 */
export function watchedReads(blob: StoredBlob, { onDoubt }: Pick<WatchedReads, 'onDoubt'>): StoredBlob {
  const { size, localPath } = blob;
  return {
    size,
    localPath,
    async *read(offset, length, signal, into) {
      try {
        yield* blob.read(offset, length, signal, into);
      } catch (error) {
        if (isUnreadable(error)) onDoubt();
        throw error;
      }
    },
    close: () => blob.close(),
  };
}

async function* readProven(
  { size, read }: Pick<StoredBlob, 'size' | 'read'>,
  { digest, onDoubt }: WatchedReads,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const hasher = newHasher(digest);
  const withheld: Buffer[] = [];
  // Without buffers of the caller, which would be overwritten while their bytes are withheld.
  let free = size - WITHHELD_BYTES;
  for await (const chunk of read(0, size, signal)) {
    hasher.update(chunk);
    const sent = Math.max(0, Math.min(free, chunk.length));
    free -= chunk.length;
    if (sent > 0) yield chunk.subarray(0, sent);
    if (sent < chunk.length) withheld.push(chunk.subarray(sent));
  }
  if (hasher.digest('hex') !== hexOf(digest)) {
    onDoubt();
    throw new LayoverError('STORE_FAILED', {
      message: `Layover read other bytes for ${digest} than it had stored. Repeat the request.`,
    });
  }
  yield* withheld;
}
