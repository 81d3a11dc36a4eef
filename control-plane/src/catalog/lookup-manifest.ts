import type { LookupManifestReply } from '../../../proto/gen/layover/v1/LookupManifestReply';
import type { LookupManifestRequest__Output } from '../../../proto/gen/layover/v1/LookupManifestRequest';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';
import type { ManifestReferenceRow } from '../../../schema/tables';
import type { Queries } from '../db/database';
import type { ManifestStore } from '../cache/content/manifest.store';
import type { RepositoryStore } from '../cache/content/repository.store';
import { toRepositoryKey } from '../cache/content/repository-key';

/**
 * Returns a manifest of a repository with its references, or an empty reply if the repository does
 * not hold it.
 */
export async function lookupManifest(
  queries: Queries,
  stores: { readonly repositories: RepositoryStore; readonly manifests: ManifestStore },
  request: LookupManifestRequest__Output,
): Promise<LookupManifestReply> {
  const repository = await stores.repositories.find(queries, toRepositoryKey(request.repository));
  const manifest = repository && (await stores.manifests.find(queries, repository.id, request.digest));
  if (manifest === undefined) return {};
  const references = await stores.manifests.references(queries, [manifest.id]);
  return {
    manifest: { mediaType: manifest.media_type, digest: manifest.digest, size: manifest.size },
    references: references.map(toMessage),
  };
}

function toMessage(row: ManifestReferenceRow): ManifestReference {
  const hasPlatform = row.platform_os !== null || row.platform_architecture !== null;
  const foreign = row.role === 'FOREIGN';
  return {
    role: foreign ? 'LAYER' : (row.role as 'LAYER' | 'CONFIG' | 'CHILD' | 'SUBJECT'),
    ...(foreign ? { foreign } : {}),
    position: row.position,
    descriptor: { mediaType: row.media_type, digest: row.digest, size: row.size },
    platform: hasPlatform
      ? {
          os: row.platform_os ?? '',
          architecture: row.platform_architecture ?? '',
          variant: row.platform_variant ?? '',
        }
      : null,
  };
}
