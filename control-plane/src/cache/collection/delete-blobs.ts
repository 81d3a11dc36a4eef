import type { BlobRow } from '../../../../schema/tables';
import { loseContent } from '../arrivals/lose-content';
import { recordArrivals } from '../arrivals/record-arrivals';
import type { Collected, GarbageParts } from './garbage-parts';

/** Content in one step. */
const STEP = 200;
/** After so long, in milliseconds, a deletion that has begun is somebody's who is gone. */
const STUCK_MS = 300_000;

/**
 * Deletes content that nobody has held for the grace period, and that no data plane reads or fills. False = there is no more to do now.
 * (With no grace period what stays is found again at once: it waits for the next round.)
 *
 * The row is the lock: it becomes DELETING in a transaction that sees that nobody holds it, and counts as not there from then on, so that an
 * admission that meets it promises room and the data plane fills it again (a fill waits for a deletion that is under way). What came
 * back meanwhile is looked at: the store has the last word. A process that dies in between leaves DELETING rows, which another finishes.
 */
export async function deleteBlobs(parts: GarbageParts, collected: Collected): Promise<boolean> {
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
  const gone = taken.length > 0 ? await finish(parts, taken, now, collected) : 0;
  return unheld.length === STEP && (gone > 0 || graceMs > 0);
}

/** Deletes what was taken out of use, and settles what became of each. Gives back how many are gone. */
async function finish(
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
  // They stay: read, filled, or out of reach. Whoever was promised room for them meanwhile has them now.
  const stay = taken.filter((row) => !isGone(row));
  const failed = stay.filter(({ digest }) => outcomes.get(digest) !== 'IN_USE');
  if (failed.length > 0) log.warn({ blobs: failed.length }, 'blobs could not be deleted; it is tried again later');
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
  // Reported as arrived between the two transactions: before the deletion, or after it?
  const now = await keeper.stat(returned.map(({ digest }) => digest));
  for (const { digest } of returned)
    if (now.get(digest)?.size === undefined) await loseContent(database, stores, digest, startedAt);
  return gone.length;
}
