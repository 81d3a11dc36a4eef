import { recordScan } from '../queue/record-scan';
import type { ClaimedScan } from '../queue/claim-scans';
import type { ScanParts } from './scan-parts';
import { errorText } from '../queue/scan-row';
import { writeClaimed } from '../queue/write-claimed';

type Parts = Pick<ScanParts, 'database' | 'clock'>;

/** How a postponed scan goes back to the queue. */
export interface Postponed {
  /** What the scan waits for, as text for people; undefined if there is nothing to tell. */
  readonly note: string | undefined;
  /** Milliseconds until the scan is due again. */
  readonly pauseMs: number;
  /** The index_state that the image is indexed with now; undefined if it has not changed. */
  readonly indexerState?: string | undefined;
  /** Whether Clair may have kept an index report that must be deleted before the next attempt. */
  readonly deleteFirst?: boolean;
}

/**
 * Ends a claim without a result, for a reason other than the image. The image stays in the queue,
 * and a report that should have been refreshed stays valid. Returns false if another process has
 * the claim by now.
 */
export async function postponeScan(parts: Parts, claim: ClaimedScan, postponed: Postponed): Promise<boolean> {
  const { note, pauseMs, indexerState, deleteFirst = false } = postponed;
  const due = parts.clock.now() + pauseMs;
  return writeClaimed(parts.database, claim, (row) => {
    if (claim.work === 'REFRESH') return { due_at: due };
    return {
      state: 'QUEUED',
      due_at: due,
      attempts: Math.max(0, row.attempts - 1),
      error: note === undefined ? null : errorText(note),
      ...(deleteFirst ? { delete_first: 1 } : {}),
      ...(indexerState === undefined ? {} : { indexer_state: indexerState, delete_first: 0 }),
    };
  });
}

/** Queues an image again because Clair no longer knows it. */
export async function requeueUnknown(parts: Parts, claim: ClaimedScan): Promise<boolean> {
  const now = parts.clock.now();
  return writeClaimed(parts.database, claim, (row) => ({
    state: 'QUEUED',
    work: 'INDEX',
    due_at: now,
    queued_at: now,
    indexer_state: null,
    attempts: claim.work === 'REFRESH' ? 0 : row.attempts,
  }));
}

/** Lets an image wait for its blobs because some of them are not stored (any more). */
export async function waitForLayers(parts: Parts, claim: ClaimedScan): Promise<boolean> {
  return writeClaimed(parts.database, claim, () => ({
    state: 'WAITING_FOR_LAYERS',
    work: null,
    due_at: null,
    attempts: 0,
  }));
}

/**
 * Records that Clair does not accept the image (400). It is tried again when Clair's index_state
 * differs from `triedState`, if that is known.
 */
export async function refuseScan(
  { database, stores, clock }: Pick<ScanParts, 'database' | 'stores' | 'clock'>,
  claim: ClaimedScan,
  reason: string,
  triedState: string | undefined,
): Promise<boolean> {
  const now = clock.now();
  const error = errorText(`Clair does not accept the image: ${reason}`);
  return writeClaimed(
    database,
    claim,
    (row) => ({
      state: 'UNSUPPORTED',
      work: null,
      due_at: null,
      finished_at: now,
      tried_state: triedState ?? row.tried_state,
      error,
    }),
    (queries) =>
      recordScan(queries, stores.audit, {
        kind: 'SCAN_FAILED',
        digest: claim.digest,
        at: now,
        detail: { reason: error, attempts: claim.attempts, isTriedAgain: false },
      }),
  );
}

/** Notes that Clair's report has to be deleted, because nobody holds the image any more. */
export async function dropScan(
  { database, stores, clock }: Pick<ScanParts, 'database' | 'stores' | 'clock'>,
  claim: ClaimedScan,
): Promise<boolean> {
  return writeClaimed(
    database,
    claim,
    // The old state is not kept: if the image is admitted again before the deletion, it has to be
    // scanned from the beginning.
    () => ({ state: 'WAITING_FOR_LAYERS', work: null, due_at: null, attempts: 0 }),
    (queries) => stores.scans.noteDeletions(queries, [claim.digest], clock.now()),
  );
}
