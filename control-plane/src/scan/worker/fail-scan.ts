import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import type { ClaimedScan } from '../queue/claim-scans';
import { recordScan } from '../queue/record-scan';
import type { ScanParts } from './scan-parts';
import { errorText } from '../queue/scan-row';
import { writeClaimed } from '../queue/write-claimed';

/** Before another try. */
const BACKOFF: Backoff = { firstMs: 30_000, maxMs: 3_600_000 };

/**
 * An image could not be indexed. It is tried again after a pause, which doubles and is never quite the same, until it was tried often enough; what
 * Clair has of it is deleted before: it keeps failures as they are. A result from before stays. `triedState`: Clair's index_state, where it is known.
 */
export async function failScan(
  { database, stores, config, clock, random }: Pick<ScanParts, 'database' | 'stores' | 'config' | 'clock' | 'random'>,
  claim: ClaimedScan,
  reason: string,
  triedState: string | undefined,
): Promise<boolean> {
  const now = clock.now();
  const isLast = claim.attempts >= config.maxAttempts;
  const pause = backoffDelay(BACKOFF, claim.attempts);
  const error = errorText(reason);
  return writeClaimed(
    database,
    claim,
    (row) => ({
      state: 'FAILED',
      work: isLast ? null : 'INDEX',
      due_at: isLast ? null : now + Math.round(pause * (0.75 + 0.5 * random())),
      finished_at: now,
      delete_first: 1,
      tried_state: triedState ?? row.tried_state,
      error,
    }),
    (queries) =>
      recordScan(queries, stores.audit, {
        kind: 'SCAN_FAILED',
        digest: claim.digest,
        at: now,
        detail: { reason: error, attempts: claim.attempts, isTriedAgain: !isLast },
      }),
  );
}
