import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import { removeManifests } from '../content/remove-manifests';
import { loadImages } from '../content/load-images';
import type { CollectableOrigin } from './collectable-origins';
import type { Collected, GarbageParts } from './garbage-parts';

/** Maximum number of manifests in one transaction. */
export const MAX_MANIFESTS = 100;

/**
 * Collects up to `limit` manifests that no live tag points to and that were not pulled by digest
 * for as long as a tag takes to expire and to leave the time machine. Returns the number of
 * manifests that were due. Only 0 means that there are no more: removing the last index of a shared
 * child makes the child due.
 */
export async function collectUntagged(
  { database, stores, clock }: GarbageParts,
  origin: CollectableOrigin,
  collected: Collected,
  limit: number,
  begin: (transaction: Queries) => void,
): Promise<number> {
  const now = clock.now();
  const before = now - (origin.expirationSeconds + origin.timeMachineSeconds) * 1000;
  const isDue = ({ eviction_at }: { readonly eviction_at: number }): boolean => eviction_at <= before;
  const findDue = async (queries: GarbageParts['database']['reader'], rows: number) =>
    (await stores.manifests.leaving(queries, origin.originVersion, 2, undefined, rows)).filter(isDue);
  // Usually not even the first manifest is due. Then the others are not read.
  if ((await findDue(database.reader, 1)).length === 0) return 0;
  const due = await database.transaction(async (queries) => {
    begin(queries);
    await stores.originUsage.lockFound(queries, [origin.originVersion]);
    const rows = await findDue(queries, limit);
    const images = await loadImages(queries, stores, rows);
    const names = await stores.repositories.namesOf(queries, [...new Set(rows.map((row) => row.repository_id))]);
    const members = new Map(images.flatMap((image) => image.members).map((member) => [member.row.id, member]));
    await removeManifests(queries, stores, origin, [...members.values()], now);
    await stores.audit.append(
      queries,
      rows.map((row) =>
        newAuditEvent({
          kind: 'COLLECTED',
          at: now,
          actor: SYSTEM_ACTOR,
          organization: { uid: origin.organizationUid, name: origin.organizationName },
          repository: names.get(row.repository_id) ?? '',
          reference: row.digest,
          digest: row.digest,
          detail: { reason: 'UNTAGGED', lastUsedAt: new Date(row.used_at).toISOString() },
        }),
      ),
    );
    return { rows: rows.length, manifests: members.size };
  });
  collected.manifests += due.manifests;
  return due.rows;
}
