import type { BlobRow } from '../../../../schema/tables';
import { loseContent } from '../arrivals/lose-content';
import { recordArrivals } from '../arrivals/record-arrivals';
import type { Collected, GarbageParts } from './garbage-parts';

/** Digests in one step. */
const STEP = 200;
/** Age of a deletion, in milliseconds, from which its process is assumed to be dead. */
const STUCK_MS = 300_000;

/**
 * Deletes content that no origin has held for the grace period and that no data plane reads or
 * fills. Returns false if there is nothing more to delete now. (Without a grace period, content
 * that could not be deleted would be found again at once. It waits for the next round.)
 *
 * The row is the lock. A transaction that sees no holder sets it to DELETING, and from then on the
 * content counts as missing: an admission reserves room for it, and the data plane fills it again
 * after the running deletion. Content that returned in the meantime is checked against the store,
 * which is authoritative. If a process dies during a deletion, the rows stay in DELETING and
 * another process finishes them.
 */
export async function deleteUnheldBlobs(parts: GarbageParts, collected: Collected): Promise<boolean> {
  const { database, stores, keeper, clock, graceMs } = parts;
  const now = clock.now();
  const unheld = await stores.blobs.unheld(database.reader, now - graceMs, STEP);
  const stuck = await stores.blobs.stuck(database.reader, now - STUCK_MS, STEP);
  const candidates = [...unheld, ...stuck].map(({ digest }) => digest);
  if (candidates.length === 0) return false;
  const states = await keeper.stat(candidates);
  const reported = await stores.contentUses.amongDigests(database.reader, candidates, now);
  const isBusy = (digest: string): boolean => states.get(digest)?.inUse === true || reported.has(digest);
  const taken = await database.transaction(async (queries) => {
    await stores.blobs.postpone(queries, candidates.filter(isBusy), now);
    return stores.blobs.beginDeleting(
      queries,
      candidates.filter((digest) => !isBusy(digest)),
      { unheldBefore: now - graceMs, stuckBefore: now - STUCK_MS, now },
    );
  });
  const gone = taken.length > 0 ? await deleteTaken(parts, taken, now, collected) : 0;
  return unheld.length === STEP && (gone > 0 || graceMs > 0);
}

/**
 * Deletes the bytes of the taken rows and settles each outcome. Returns the number of deleted rows.
 */
async function deleteTaken(
  { database, stores, keeper, log }: GarbageParts,
  taken: readonly BlobRow[],
  startedAt: number,
  collected: Collected,
): Promise<number> {
  const outcomes = await keeper.delete(taken.map(({ digest }) => digest));
  const isGone = ({ digest }: BlobRow): boolean => ['DELETED', 'ABSENT'].includes(outcomes.get(digest) ?? 'FAILED');
  const gone = taken.filter(isGone);
  const returned = await database.transaction(async (queries) => {
    const removed = await stores.blobs.removeDeleted(
      queries,
      gone.map(({ digest }) => digest),
      startedAt,
    );
    return gone.filter(({ digest }) => !removed.has(digest));
  });
  for (const row of gone) {
    if (outcomes.get(row.digest) !== 'DELETED' || returned.includes(row)) continue;
    collected.blobs += 1;
    collected.bytes += BigInt(row.size);
  }
  // This content stays in the store: it is in use, or its deletion failed. Origins that reserved
  // room for it in the meantime hold it now.
  const stay = taken.filter((row) => !isGone(row));
  const failed = stay.filter(({ digest }) => outcomes.get(digest) !== 'IN_USE');
  if (failed.length > 0)
    log.warn({ blobs: failed.length }, 'Some blobs could not be deleted; their deletion will be retried');
  await recordArrivals(
    database,
    stores,
    stay.map(({ digest, size }) => ({ digest, size, at: startedAt })),
    startedAt,
  );
  await database.transaction((queries) =>
    stores.blobs.postpone(
      queries,
      stay.map(({ digest }) => digest),
      startedAt,
    ),
  );
  // These blobs arrived between the two transactions. Only the store knows whether the deletion
  // removed them.
  const now = await keeper.stat(returned.map(({ digest }) => digest));
  for (const { digest } of returned)
    if (now.get(digest)?.size === undefined) await loseContent(database, stores, digest, startedAt);
  return gone.length;
}
