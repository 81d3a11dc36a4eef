import type { Logger } from '../../../common/runtime/logger';
import type { PullJournal } from '../journal/pull-journal';
import type { FilledBlob } from './fills/requesters';

/**
 * Records, for each organization that took part in a fill, that the blob arrived in the store. The
 * returned function never rejects: a record that cannot be written is logged.
 */
export function recordArrivals(journal: PullJournal, logger: Logger): (blob: FilledBlob) => Promise<void> {
  return async ({ digest, size, owners }) => {
    await Promise.all(
      owners.map((organizationUid) =>
        journal
          .append({ blob: { organizationUid, digest, size, bytesServed: 0, bytesFetched: 0 } })
          .catch((err: unknown) => logger.warn({ err, digest }, 'the arrival of a blob could not be recorded')),
      ),
    );
  };
}
