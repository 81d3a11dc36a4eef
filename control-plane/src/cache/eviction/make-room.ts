import type { ManifestRow } from '../../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import { type ContentUse, UsesInForce } from '../in-use/content-use';
import { type EvictionPlan, planEviction } from './plan-eviction';

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

/**
 * `room`: the content fits after the images of `plan` are evicted. `none`: the content cannot fit,
 * and nothing is evicted.
 */
export type RoomDecision =
  | { readonly kind: 'room'; readonly plan: EvictionPlan | undefined; readonly overBytes: bigint }
  | { readonly kind: 'none'; readonly why: 'LARGER_THAN_LIMIT' | 'NO_AUTO_PRUNE' | 'NOTHING_TO_EVICT' };

/** Maximum number of images that one admission evicts. */
const MAX_VICTIMS = 1_000;

/**
 * Decides whether content fits into the quota of an origin, and which images must be evicted for
 * it. The caller has locked the origin.
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
  const plan = await planEviction(queries, stores, {
    originVersion,
    bytes: overBytes,
    pinned: request.pinned,
    keep: request.keep,
    leaving: request.leaving,
    uses: new UsesInForce([...reported, ...request.inUse]),
    now,
    maxVictims: MAX_VICTIMS,
  });
  return plan.enough ? { kind: 'room', plan, overBytes } : { kind: 'none', why: 'NOTHING_TO_EVICT' };
}
