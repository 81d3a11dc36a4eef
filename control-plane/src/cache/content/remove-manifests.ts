import type { TagRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { Ledger } from '../holdings/ledger';
import type { OriginKey } from '../holdings/origin-usage.store';
import type { ManifestStore } from './manifest.store';
import type { ImageMember } from './load-images';
import type { RepositoryStore } from './repository.store';
import type { ScanNotices } from './scan-notices';
import type { TagStore } from './tag.store';
import type { InvalidationStore } from './invalidation.store';

/** The stores that a removal changes. */
export interface RemovalStores {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly repositories: RepositoryStore;
  readonly ledger: Ledger;
  readonly invalidations: InvalidationStore;
  readonly scans: ScanNotices;
}

/**
 * Removes manifests from the cache, with all versions of their tags. The caller has locked the
 * origin and passes the blobs of every member. Also reclassifies children that stay, deletes empty
 * repositories and tells data planes to forget the content. Returns the deleted tag versions.
 */
export async function removeManifests(
  queries: Queries,
  stores: RemovalStores,
  origin: OriginKey,
  members: readonly ImageMember[],
  now: number,
): Promise<readonly TagRow[]> {
  if (members.length === 0) return [];
  const ids = members.map(({ row }) => row.id);
  const tags = await stores.tags.findByManifests(queries, ids);
  const repositories = await stores.repositories.namesOf(queries, [
    ...new Set(members.map(({ repositoryId }) => repositoryId)),
  ]);
  await stores.ledger.release(queries, origin.originVersion, members, now);
  await stores.tags.delete(queries, tags);
  await stores.manifests.delete(queries, ids);
  await stores.scans.removed(
    queries,
    members.map(({ digest }) => digest),
    now,
  );
  await stores.repositories.removeEmpty(queries, [...repositories.keys()]);
  // Includes ended versions: a data plane may still hold the last one as expired, and a
  // revalidation would revive it.
  const named = new Map(tags.map((tag) => [`${tag.repository_id} ${tag.name}`, tag]));
  const organizationUid = origin.organizationUid;
  await stores.invalidations.append(
    queries,
    [
      ...[...named.values()].map((tag) => ({
        organizationUid,
        repository: repositories.get(tag.repository_id) ?? '',
        tag: tag.name,
        digest: '',
      })),
      ...members.map(({ repositoryId, digest }) => ({
        organizationUid,
        repository: repositories.get(repositoryId) ?? '',
        tag: '',
        digest,
      })),
    ].filter(({ repository }) => repository !== ''),
    now,
  );
  return tags;
}
