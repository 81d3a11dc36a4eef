import type { ManifestRow } from '../../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import { type ContentUse, UsesInForce } from '../in-use/content-use';
import { type Holding, RESERVED_MS } from '../holdings/holding';
import { MAX_RESERVED_BYTES } from '../holdings/usage-range';
import { ARRIVING_MS, type EvictionPlan, planEviction } from './plan-eviction';
import { lapsed, unbegunReservations, upTo } from './unbegun-reservations';

/** A request for room under a quota. Sizes are bytes. */
export interface RoomRequest {
  /** Growth of used plus reserved. */
  readonly cost: bigint;
  /** Size of the whole content, each blob once. Content larger than the limit never fits. */
  readonly wholeSize: bigint;
  /** Digests of the content. */
  readonly pinned: ReadonlySet<string>;
  /**
   * Ids of manifests that the content needs: the indexes above it, and children that are held
   * already.
   */
  readonly keep: ReadonlySet<number>;
  readonly leaving: ManifestRow | undefined;
  /** What the requesting data plane reads and fills. */
  readonly inUse: readonly ContentUse[];
}

/** Why content does not fit. TOO_MUCH_RESERVED: whatever the quota is. */
export type NoRoom = 'LARGER_THAN_LIMIT' | 'NO_AUTO_PRUNE' | 'NOTHING_TO_EVICT' | 'TOO_MUCH_RESERVED';

/**
 * `room`: the content fits after the images of `plan` are evicted. `none`: the content cannot fit,
 * and nothing is evicted or ended.
 */
export type RoomDecision =
  | { readonly kind: 'room'; readonly plan: EvictionPlan | undefined; readonly overBytes: bigint }
  | { readonly kind: 'none'; readonly why: NoRoom };

/** Maximum number of images that one admission evicts. */
const MAX_VICTIMS = 1_000;

/**
 * Decides whether content fits into the quota of an origin, and which images must be evicted for
 * it. If it fits, ends reservations that never began first. The caller has locked the origin.
 */
export async function makeRoom(
  queries: Queries,
  stores: ContentStores,
  origin: Origin & { readonly originVersion: string },
  request: RoomRequest,
  now: number,
): Promise<RoomDecision> {
  const { quota, usage, originVersion, organizationUid } = origin;
  const held = (usage?.usedBytes ?? 0n) + (usage?.reservedBytes ?? 0n);
  const overBytes = quota === undefined ? 0n : held + request.cost - quota.limitBytes;
  if (quota === undefined || overBytes <= 0n || request.cost <= 0n || !(await stores.quotaSwitch.isOn(queries)))
    return { kind: 'room', plan: undefined, overBytes: 0n };
  if (request.wholeSize > quota.limitBytes) return { kind: 'none', why: 'LARGER_THAN_LIMIT' };
  if (!quota.autoPrune) return { kind: 'none', why: 'NO_AUTO_PRUNE' };
  const reported = await stores.contentUses.ofOrganization(queries, organizationUid, now);
  const uses = [...reported, ...request.inUse];
  const except = new Set([...request.pinned, ...uses.map(({ digest }) => digest)]);
  const unbegun = await unbegunReservations(queries, stores, origin, except);
  const isOld = ({ reservedUntil = 0 }: Holding): boolean => reservedUntil - RESERVED_MS <= now - ARRIVING_MS;
  const old = upTo(overBytes, unbegun.filter(isOld));
  const plan = (bytes: bigint, ended: readonly Holding[]): Promise<EvictionPlan> =>
    planEviction(queries, stores, {
      originVersion,
      bytes,
      // What these reservations free is counted already.
      pinned: new Set([...request.pinned, ...ended.map(({ digest }) => digest)]),
      keep: request.keep,
      leaving: request.leaving,
      uses: new UsesInForce(uses),
      now,
      maxVictims: MAX_VICTIMS,
    });
  const left = overBytes - old.bytes;
  const room = async (ended: readonly Holding[], evicted: EvictionPlan | undefined): Promise<RoomDecision> => {
    await endReservations(queries, stores, originVersion, ended, now);
    return { kind: 'room', plan: evicted, overBytes };
  };
  if (left <= 0n) return room(old.holdings, undefined);
  const images = await plan(left, old.holdings);
  if (!images.enough) return { kind: 'none', why: 'NOTHING_TO_EVICT' };
  // The room of an image that was just requested is its own, unless an image would go for it.
  const young = upTo(
    left,
    unbegun.filter((holding) => !isOld(holding)),
  );
  if (young.holdings.length === 0) return room(old.holdings, images);
  const ended = [...old.holdings, ...young.holdings];
  if (young.bytes >= left) return room(ended, undefined);
  const fewer = await plan(left - young.bytes, ended);
  return fewer.enough ? room(ended, fewer) : room(old.holdings, images);
}

/**
 * Makes room below {@link MAX_RESERVED_BYTES} for the reservations of an admission of at most
 * `wholeSize` bytes, whatever the quota is. Ends reservations that never began, and returns whether
 * the admission may reserve room then.
 */
export async function makeReservable(
  queries: Queries,
  stores: ContentStores,
  origin: Origin & { readonly originVersion: string },
  { wholeSize, pinned, inUse }: Pick<RoomRequest, 'wholeSize' | 'pinned' | 'inUse'>,
  now: number,
): Promise<boolean> {
  const { usage, originVersion } = origin;
  const bytes = (usage?.reservedBytes ?? 0n) + wholeSize - MAX_RESERVED_BYTES;
  if (bytes <= 0n) return true;
  const except = new Set([...pinned, ...inUse.map(({ digest }) => digest)]);
  const unbegun = upTo(bytes, await unbegunReservations(queries, stores, origin, except));
  if (unbegun.bytes < bytes) return false;
  await endReservations(queries, stores, originVersion, unbegun.holdings, now);
  return true;
}

async function endReservations(
  queries: Queries,
  stores: ContentStores,
  originVersion: string,
  holdings: readonly Holding[],
  now: number,
): Promise<void> {
  const changes = holdings.map((before) => ({ before, after: lapsed(before) }));
  await stores.ledger.change(queries, originVersion, changes, now);
}
