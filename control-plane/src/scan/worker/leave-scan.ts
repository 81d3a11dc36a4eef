import { recordScan } from '../queue/record-scan';
import type { ClaimedScan } from '../queue/claim-scans';
import type { ScanParts } from './scan-parts';
import { errorText } from '../queue/scan-row';
import { writeClaimed } from '../queue/write-claimed';

type Parts = Pick<ScanParts, 'database' | 'clock'>;

/** How a claim is given back. */
export interface Postponed {
  /** What it waits for, for people; undefined = nothing that is worth telling. */
  readonly note: string | undefined;
  /** Milliseconds until it is due again. */
  readonly pauseMs: number;
  /** Clair's state that it is indexed with by now; undefined = as before. */
  readonly indexerState?: string | undefined;
  /** Whether Clair may have kept something of it that is to be deleted before the next try. */
  readonly deleteFirst?: boolean;
}

/** Gives a claim back: it could not be seen to, which is not the image's fault. It stays in the queue; a report that was to be read again stays good. */
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

/** Clair does not know an image that it had indexed: it is indexed anew. */
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

/** Some of its blobs are not in the store (any more): it waits for them again. */
export async function waitForLayers(parts: Parts, claim: ClaimedScan): Promise<boolean> {
  return writeClaimed(parts.database, claim, () => ({
    state: 'WAITING_FOR_LAYERS',
    work: null,
    due_at: null,
    attempts: 0,
  }));
}

/** Clair does not take it (400). `triedState`: the index_state that it is tried again without, where it is known. */
export async function refuseScan(
  { database, stores, clock }: Pick<ScanParts, 'database' | 'stores' | 'clock'>,
  claim: ClaimedScan,
  reason: string,
  triedState: string | undefined,
): Promise<boolean> {
  const now = clock.now();
  const error = errorText(`Clair does not take it: ${reason}`);
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

/** Nobody holds it any more: there is nothing to do but to have Clair forget it. */
export async function dropScan(
  { database, stores, clock }: Pick<ScanParts, 'database' | 'stores' | 'clock'>,
  claim: ClaimedScan,
): Promise<boolean> {
  return writeClaimed(
    database,
    claim,
    // Not what it was: where it is admitted again before that, it goes the whole way anew.
    () => ({ state: 'WAITING_FOR_LAYERS', work: null, due_at: null, attempts: 0 }),
    (queries) => stores.scans.noteDeletions(queries, [claim.digest], clock.now()),
  );
}
