import type { ManifestRow, TagRow } from '../../../../schema/tables';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { ContentStores } from '../content/content-stores';
import { removeManifests } from '../content/remove-manifests';
import type { Queries } from '../../db/database';
import { loadImages } from '../content/load-images';
import type { CollectableOrigin } from './collectable-origins';
import type { Collected, GarbageParts } from './garbage-parts';

/** Maximum number of tag versions in one transaction. */
export const MAX_VERSIONS = 200;

/**
 * Collects up to `limit` tag versions that the time machine no longer keeps, with the manifests
 * that nothing else needs: no other tag, no index, and no pull by digest since the version ended.
 * Returns the number of versions that were due. Fewer than `limit` means that there are no more.
 */
export async function collectTimeMachine(
  { database, stores, clock }: GarbageParts,
  origin: CollectableOrigin,
  collected: Collected,
  limit: number,
  begin: (transaction: Queries) => void,
): Promise<number> {
  const now = clock.now();
  const before = now - origin.timeMachineSeconds * 1000;
  const found = await stores.tags.endedBefore(database.reader, origin.originVersion, before, limit);
  if (found.length === 0) return 0;
  const removed = await database.transaction(async (queries) => {
    begin(queries);
    await stores.originUsage.lockFound(queries, [origin.originVersion]);
    // Versions that were restored, or collected by another process, in the meantime are skipped.
    const versions = await stores.tags.endedBefore(queries, origin.originVersion, before, limit);
    const names = await stores.repositories.namesOf(queries, [...new Set(versions.map((tag) => tag.repository_id))]);
    await stores.tags.delete(queries, versions);
    const images = await loadImages(queries, stores, await unusedManifests(queries, stores, versions));
    const members = images.flatMap((image) => image.members);
    await removeManifests(queries, stores, origin, members, now);
    // A data plane may still hold the last version as expired, and a revalidation would revive it.
    const named = new Map(versions.map((tag) => [`${tag.repository_id} ${tag.name}`, tag]));
    await stores.invalidations.append(
      queries,
      [...named.values()].map((tag) => ({
        organizationUid: origin.organizationUid,
        repository: names.get(tag.repository_id) ?? '',
        tag: tag.name,
        digest: '',
      })),
      now,
    );
    await stores.audit.append(
      queries,
      versions.map((tag) =>
        newAuditEvent({
          kind: 'COLLECTED',
          at: now,
          actor: SYSTEM_ACTOR,
          organization: { uid: origin.organizationUid, name: origin.organizationName },
          repository: names.get(tag.repository_id) ?? '',
          reference: tag.name,
          digest: tag.digest,
          detail: {
            reason: 'TIME_MACHINE_OVER',
            endedBy: tag.end_reason,
            endedAt: new Date(tag.ended_at!).toISOString(),
          },
        }),
      ),
    );
    return members.length;
  });
  collected.manifests += removed;
  return found.length;
}

/**
 * Returns the manifests of these versions that no tag and no index names any more, and that were
 * not used after their last version ended.
 */
async function unusedManifests(
  queries: Queries,
  stores: ContentStores,
  versions: readonly TagRow[],
): Promise<readonly ManifestRow[]> {
  const endedAt = new Map<number, number>();
  for (const { manifest_id, ended_at } of versions)
    endedAt.set(manifest_id, Math.max(ended_at ?? 0, endedAt.get(manifest_id) ?? 0));
  const rows = await stores.manifests.findByIds(queries, [...endedAt.keys()]);
  const tagged = await stores.tags.summaries(
    queries,
    rows.map(({ id }) => id),
  );
  const untagged = rows.filter((row) => !tagged.has(row.id) && row.used_at <= endedAt.get(row.id)!);
  const named = new Set(
    (
      await stores.manifests.parents(
        queries,
        untagged.map((row) => ({ repositoryId: row.repository_id, digest: row.digest })),
      )
    ).map((parent) => `${parent.repository_id} ${parent.digest}`),
  );
  return untagged.filter((row) => !named.has(`${row.repository_id} ${row.digest}`));
}
