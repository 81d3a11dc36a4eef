import type { StoredContent } from '../holdings/blob.store';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import { checkWarning } from '../eviction/check-warning';
import { evict } from '../eviction/evict';
import { makeRoom } from '../eviction/make-room';
import { provenKeys } from './proven-keys';
import type { Holding } from '../holdings/holding';

/** Content that a data plane has stored or found in its store. */
export interface Arrival extends StoredContent {
  /**
   * Organizations that older data planes, which send no proofs, reported it for: they fetched it
   * for the organization, or found it in the store.
   */
  readonly reportedFor?: ReadonlySet<string>;
}

/**
 * Returns the origins that name one of these blobs and do not hold it, although it is proven for
 * their organization. The caller locks them before it calls {@link settleArrivals}. `arriving` are
 * proofs that the caller is about to record, as keys of proofKey.
 */
export async function originsAwaiting(
  queries: Queries,
  stores: ContentStores,
  digests: readonly string[],
  arriving?: ReadonlySet<string>,
): Promise<readonly string[]> {
  const keys = await provenKeys(queries, stores, await stores.holdings.waiting(queries, digests), arriving);
  return [...new Set(keys.map(({ originVersion }) => originVersion))];
}

/**
 * Records that content is in the store. Every locked origin with a reservation for it, whose
 * organization has a proof for it, holds it from now on. If the reservation has lapsed, or was for
 * another size, the content must fit into the quota like an admission. If it does not fit, it
 * counts nothing here, and is served only while another origin holds it. Without a proof, nothing
 * changes for an origin, so that its sums do not tell whether other organizations have the content.
 */
export async function settleArrivals(
  queries: Queries,
  stores: ContentStores,
  origins: readonly Origin[],
  arrived: readonly Arrival[],
  now: number,
): Promise<void> {
  if (arrived.length === 0) return;
  await stores.ledger.stored(queries, arrived, now);
  const contents = new Map(arrived.map((arrival) => [arrival.digest, arrival]));
  const sizes = new Map(arrived.map(({ digest, size }) => [digest, size]));
  for (const origin of origins) {
    if (!hasOrigin(origin)) continue;
    const holdings = await stores.holdings.find(queries, origin.originVersion, sizes.keys());
    const named = [...holdings.values()].filter(({ state }) => state !== 'HELD');
    const proven = await stores.proofs.provenTo(
      queries,
      origin.rights,
      named.map(({ digest }) => digest),
    );
    const waiting = named.filter(
      ({ digest }) => proven.has(digest) || contents.get(digest)?.reportedFor?.has(origin.organizationUid) === true,
    );
    const reservedHoldings = waiting.filter(
      ({ state, digest, size }) => state === 'RESERVED' && size === sizes.get(digest),
    );
    await stores.ledger.change(
      queries,
      origin.originVersion,
      reservedHoldings.map((before) => ({ before, after: held(before, before.size) })),
      now,
    );
    const unreserved = waiting.filter((holding) => !reservedHoldings.includes(holding));
    if (unreserved.length === 0) continue;
    // Earlier admissions of this transaction have already been checked for a warning.
    const before = { ...origin, usage: await stores.originUsage.find(queries, origin.originVersion) };
    for (const { digest } of unreserved) {
      // Making room for an earlier one may have ended this reservation or evicted its image.
      const holding = (await stores.holdings.find(queries, origin.originVersion, [digest])).get(digest);
      if (holding !== undefined) await admitBlob(queries, stores, origin, holding, sizes.get(digest)!, now);
    }
    await checkWarning(queries, stores, before, now);
  }
  // Scans need images whose blobs are all held.
  await stores.scans.arrived(queries, [...sizes.keys()], now);
}

type PresentOrigin = Origin & { readonly originVersion: string };

function hasOrigin(origin: Origin): origin is PresentOrigin {
  return origin.originVersion !== null;
}

async function admitBlob(
  queries: Queries,
  stores: ContentStores,
  locked: PresentOrigin,
  before: Holding,
  size: number,
  now: number,
): Promise<void> {
  const { originVersion } = locked;
  // Reads the usage again: earlier arrivals and evictions of this transaction changed it.
  const usage = await stores.originUsage.find(queries, originVersion);
  const origin = { ...locked, usage };
  const reserved = before.state === 'RESERVED' ? before.size : 0;
  const decision = await makeRoom(
    queries,
    stores,
    origin,
    {
      cost: BigInt(size - reserved),
      wholeSize: BigInt(size),
      pinned: new Set([before.digest]),
      keep: new Set(await stores.manifests.naming(queries, originVersion, before.digest)),
      leaving: undefined,
      inUse: [],
    },
    now,
  );
  if (decision.kind === 'none' && origin.quota?.onOversize !== 'OVERFLOW') {
    const lapsed: Holding = { ...before, size, state: 'LAPSED', reservedUntil: undefined };
    await stores.ledger.change(queries, originVersion, [{ before, after: lapsed }], now);
    return;
  }
  if (decision.kind === 'room' && decision.plan !== undefined)
    await evict(
      queries,
      stores,
      origin,
      decision.plan.victims,
      { for: before.digest, neededBytes: decision.overBytes, limitBytes: origin.quota!.limitBytes },
      now,
    );
  await stores.ledger.change(queries, originVersion, [{ before, after: held(before, size) }], now);
}

function held(before: Holding, size: number): Holding {
  return { ...before, size, state: 'HELD', reservedUntil: undefined };
}
