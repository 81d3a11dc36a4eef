import type { ManifestRow } from '../../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import { type ContentUse, UsesInForce } from '../in-use/content-use';
import { type EvictionPlan, planEviction } from './plan-eviction';

/** What wants to be kept. Sizes are bytes. */
export interface RoomRequest {
  /** What used and reserved would grow by. */
  readonly cost: bigint;
  /** Of all of it, each blob once: what is larger than the limit never fits. */
  readonly wholeSize: bigint;
  /** Its content. */
  readonly pinned: ReadonlySet<string>;
  /** Manifests that it needs as well: indexes above it, and children that are held already. */
  readonly keep: ReadonlySet<number>;
  readonly leaving: ManifestRow | undefined;
  /** What the asking data plane reads and fills. */
  readonly inUse: readonly ContentUse[];
}

/** `room`: it fits, after these images have gone. `none`: it can't be made to fit; nothing is to go. */
export type RoomDecision =
  | { readonly kind: 'room'; readonly plan: EvictionPlan | undefined; readonly overBytes: bigint }
  | { readonly kind: 'none'; readonly why: 'LARGER_THAN_LIMIT' | 'NO_AUTO_PRUNE' | 'NOTHING_TO_EVICT' };

/** Images that one admission may evict. */
const MAX_VICTIMS = 1_000;

/** Decides whether something fits into the quota of an origin that the caller has locked, and what would have to go for it. */
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
