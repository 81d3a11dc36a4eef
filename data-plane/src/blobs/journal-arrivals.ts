import type { PullJournal } from '../journal/pull-journal';
import type { FilledBlob } from './fills/requesters';

/**
 * Records, for each organization that took part in a fill, that the blob arrived in the store. The
 * returned function resolves when the records are on disk, or were dropped by the journal.
 */
export function journalArrivals(journal: PullJournal): (blob: FilledBlob) => Promise<void> {
  return async ({ digest, size, owners }) => {
    await Promise.all(
      owners.map((organizationUid) =>
        journal.append({ blob: { organizationUid, digest, size, bytesServed: 0, bytesFetched: 0 } }),
      ),
    );
  };
}
