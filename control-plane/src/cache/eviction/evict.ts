import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { removeManifests } from '../content/remove-manifests';
import type { Queries } from '../../db/database';
import type { CachedImage } from '../content/load-images';

/** Why images are evicted. */
export interface EvictionReason {
  /** What needs the room: a reference, a digest, or a text about a lowered limit. */
  readonly for: string;
  /** Bytes by which used plus reserved would exceed the limit. */
  readonly neededBytes: bigint;
  readonly limitBytes: bigint;
  readonly requestId?: string | undefined;
}

/**
 * Evicts images and writes an audit event for each of their tags. An image without tags is recorded
 * by its digest. The caller has locked the origin and planned the eviction (planEviction) in the
 * same transaction.
 */
export async function evict(
  queries: Queries,
  stores: ContentStores,
  origin: Origin & { readonly originVersion: string },
  images: readonly CachedImage[],
  reason: EvictionReason,
  now: number,
): Promise<void> {
  if (images.length === 0) return;
  const names = await stores.repositories.namesOf(queries, [...new Set(images.map(({ root }) => root.repository_id))]);
  const tags = await removeManifests(
    queries,
    stores,
    { originVersion: origin.originVersion, organizationUid: origin.organizationUid },
    images.flatMap(({ members }) => members),
    now,
  );
  const events = images.flatMap(({ root }) => {
    const own = [...new Set(tags.filter((tag) => tag.manifest_id === root.id).map(({ name }) => name))];
    return (own.length === 0 ? [root.digest] : own).map((reference) =>
      newAuditEvent({
        kind: 'QUOTA_EVICTED',
        at: now,
        actor: SYSTEM_ACTOR,
        organization: { uid: origin.organizationUid, name: origin.organizationName },
        repository: names.get(root.repository_id) ?? '',
        reference,
        digest: root.digest,
        ...(reason.requestId ? { requestId: reason.requestId.slice(0, 64) } : {}),
        detail: {
          reason: root.eviction_class === 0 ? 'TIME_MACHINE' : 'LEAST_RECENTLY_PULLED',
          madeRoomFor: reason.for,
          neededBytes: String(reason.neededBytes),
          limitBytes: String(reason.limitBytes),
          lastUsedAt: new Date(root.used_at).toISOString(),
        },
      }),
    );
  });
  await stores.audit.append(queries, events);
}
