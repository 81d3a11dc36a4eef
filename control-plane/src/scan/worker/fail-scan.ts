import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import type { ClaimedScan } from '../queue/claim-scans';
import { recordScan } from '../queue/record-scan';
import type { ScanParts } from './scan-parts';
import { errorText } from '../queue/scan-row';
import { writeClaimed } from '../queue/write-claimed';

/** Pauses between attempts. */
const BACKOFF: Backoff = { firstMs: 30_000, maxMs: 3_600_000 };

/**
 * Records that an image could not be indexed. It is retried after a growing, random pause until the
 * maximum number of attempts. Clair's index report is deleted before the retry, because Clair keeps
 * failed reports. An earlier result stays. `triedState` is the index_state of Clair, if it is
 * known. Returns false if another process has the claim by now.
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
