import { RESERVED_MS } from '../holdings/holding';
import { recordArrivals } from '../arrivals/record-arrivals';
import type { GarbageParts } from './garbage-parts';

/** Reservations in one step. */
const STEP = 200;

/**
 * Ends reservations whose time is over. Content that is in the store after all (the report of its
 * arrival was lost in a crash) becomes held if it is proven, content that is being filled gets more
 * time, and all other reservations lapse. A fill for another organization gives no more time,
 * because the reservation would tell of it. Returns false if there are no more.
 */
export async function lapseReservations({ database, stores, keeper, clock }: GarbageParts): Promise<boolean> {
  const now = clock.now();
  const overdue = await stores.holdings.overdue(database.reader, now, STEP);
  if (overdue.length === 0) return false;
  const digests = [...new Set(overdue.map(({ digest }) => digest))];
  const states = await keeper.stat(digests);
  const uses = await stores.contentUses.amongDigests(database.reader, digests, now);
  const found = digests.flatMap((digest) => {
    const size = states.get(digest)?.size;
    return size === undefined ? [] : [{ digest, size, at: now }];
  });
  await recordArrivals(database, stores, found, now);
  await database.transaction(async (queries) => {
    const origins = [...new Set(overdue.map(({ originVersion }) => originVersion))].sort();
    const usage = await stores.originUsage.lockFound(queries, origins);
    for (const originVersion of origins) {
      const own = overdue.filter((key) => key.originVersion === originVersion);
      const holdings = await stores.holdings.find(
        queries,
        originVersion,
        own.map(({ digest }) => digest),
      );
      const uid = usage.get(originVersion)?.organizationUid ?? '';
      const elsewhere = await stores.holdings.namedElsewhere(queries, originVersion, [...holdings.keys()]);
      // A data plane tells which blobs it fills, but only its reports tell for whom.
      const isBusy = (digest: string): boolean =>
        uses.get(digest)?.has(uid) === true || (states.get(digest)?.inUse === true && !elsewhere.has(digest));
      const changes = [...holdings.values()]
        .filter(({ state, reservedUntil }) => state === 'RESERVED' && reservedUntil! <= now)
        .map((before) => ({
          before,
          after: isBusy(before.digest)
            ? { ...before, reservedUntil: now + RESERVED_MS }
            : { ...before, state: 'LAPSED' as const, reservedUntil: undefined },
        }));
      await stores.ledger.change(queries, originVersion, changes, now);
    }
  });
  return overdue.length === STEP;
}
