import type { WaitingPlaces } from '../../../../common/async/waiting-places';
import { LayoverError } from '../../../../common/errors/layover-error';
import { isTooManyFiles, openPatiently } from '../../../../common/async/open-patiently';
import type { Digest } from '../../../../common/oci/digest';
import type { BlobStore, StoredBlob } from '../blob-store';

/**
 * Returns a store that has a bounded number of files open. Whoever wants to read when all places
 * are taken waits for one (docs/design/delivery.md#open-files). Throws STORE_FAILED if none becomes
 * free in time.
 */
export function withinOpenFiles(store: BlobStore, places: WaitingPlaces): BlobStore {
  /** The blobs of `store`, which recognizes its own. */
  const own = new WeakMap<StoredBlob, StoredBlob>();

  const within = async <T>(digest: Digest, work: () => Promise<T>): Promise<T> => {
    const leave = await enterOpenFiles(places, digest);
    try {
      return await openPatiently(work, isShortOfFiles);
    } finally {
      leave();
    }
  };

  return {
    stat: (digest) => within(digest, () => store.stat(digest)),
    get: (digest, maxBytes) => within(digest, () => store.get(digest, maxBytes)),
    async open(digest) {
      const leave = await enterOpenFiles(places, digest);
      try {
        const blob = await openPatiently(() => store.open(digest), isShortOfFiles);
        if (blob === undefined) {
          leave();
          return undefined;
        }
        const held = heldBlob(blob, leave);
        own.set(held, blob);
        return held;
      } catch (error) {
        leave();
        throw error;
      }
    },
    quarantine: (digest, blob) => store.quarantine(digest, own.get(blob) ?? blob),
    ingest: (digest, spoolFile) => store.ingest(digest, spoolFile),
    put: (digest, content) => store.put(digest, content),
    delete: (digest) => store.delete(digest),
    list: (after, limit) => store.list(after, limit),
  };
}

/** Takes a place for a file. Throws STORE_FAILED if none becomes free in time. */
export async function enterOpenFiles(places: WaitingPlaces, digest: Digest): Promise<() => void> {
  const leave = await places.take();
  if (leave !== undefined) return leave;
  throw new LayoverError('STORE_FAILED', {
    message:
      `Layover could not open ${digest}: too many blobs are being read for the limit of open files ` +
      '(ulimit -n). Try again later, or raise the limit.',
  });
}

function heldBlob(blob: StoredBlob, leave: () => void): StoredBlob {
  return {
    size: blob.size,
    localPath: blob.localPath,
    read: (offset, length, signal, into) => blob.read(offset, length, signal, into),
    async close() {
      try {
        await blob.close();
      } finally {
        leave();
      }
    },
  };
}

/** Returns whether a failure of the store has this cause. */
function isShortOfFiles(error: unknown): boolean {
  return isTooManyFiles(error) || isTooManyFiles((error as { readonly cause?: unknown } | null)?.cause);
}
