import { LayoverError } from '../../../../common/errors/layover-error';
import type { BlobStore } from '../blob-store';
import type { DiskAccount } from './disk-account';

/**
 * Returns a store on the account's disk that takes small content only while half of the reserve is
 * free, so that manifests cannot use up what the database and the journal need. Blobs are not
 * affected: they arrive in spool files, which have reservations.
 */
export function withinReserve(store: BlobStore, account: DiskAccount): BlobStore {
  return {
    stat: (digest) => store.stat(digest),
    open: (digest) => store.open(digest),
    ingest: (digest, spoolFile) => store.ingest(digest, spoolFile),
    async put(digest, content) {
      if (!(await account.mayWrite(content.length))) {
        throw new LayoverError('STORE_FULL', {
          message:
            `The disk of the data plane is too full to store ${digest}: less than half of the ` +
            `${account.reserveBytes} bytes of LAYOVER_DISK_RESERVE_BYTES is free. Free some space or lower the quotas.`,
        });
      }
      await store.put(digest, content);
    },
    get: (digest, maxBytes) => store.get(digest, maxBytes),
    delete: (digest) => store.delete(digest),
    list: (after, limit) => store.list(after, limit),
    quarantine: (digest, blob) => store.quarantine(digest, blob),
  };
}
