import type { BlobStore } from '../../data-plane/src/store/blob-store';

/**
 * Returns a store that delegates to `inner` except for the given methods. A spread would lose the
 * methods of a class.
 */
export function changedStore(inner: BlobStore, changes: Partial<BlobStore>): BlobStore {
  return {
    stat: (digest) => inner.stat(digest),
    open: (digest) => inner.open(digest),
    ingest: (digest, spoolFile) => inner.ingest(digest, spoolFile),
    put: (digest, content) => inner.put(digest, content),
    get: (digest, maxBytes) => inner.get(digest, maxBytes),
    delete: (digest) => inner.delete(digest),
    list: (after, limit) => inner.list(after, limit),
    quarantine: (digest, blob) => inner.quarantine(digest, blob),
    ...changes,
  };
}
