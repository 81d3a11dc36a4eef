import { MediaType } from '../../../common/oci/media-types';
import type {
  BlobRow,
  ManifestReferenceRow,
  ManifestRow,
  OriginHoldingRow,
  RepositoryHoldingRow,
  TagRow,
} from '../../../schema/tables';
import type { SeedImage } from './seed-image';

/** The repository of an image and its admission time, in milliseconds since the epoch. */
export interface SeedPlace {
  readonly repositoryId: number;
  readonly originVersion: string;
  readonly manifestId: number;
  readonly at: number;
  readonly expiresAt: number;
}

/** Returns the row of a manifest that a live tag points to. */
export function manifestRow({ digest, size }: SeedImage, place: SeedPlace): ManifestRow {
  return {
    id: place.manifestId,
    repository_id: place.repositoryId,
    origin_version: place.originVersion,
    digest,
    media_type: MediaType.ociManifest,
    size,
    artifact_type: null,
    created_at: place.at,
    last_pulled_at: null,
    used_at: place.at,
    eviction_class: 1,
    eviction_at: place.at,
  };
}

/** Returns the rows of the references of a manifest. */
export function referenceRows({ references }: SeedImage, place: SeedPlace): readonly ManifestReferenceRow[] {
  return references.map(({ role, position, descriptor }) => ({
    manifest_id: place.manifestId,
    repository_id: place.repositoryId,
    role: String(role),
    position: position ?? 0,
    digest: descriptor!.digest!,
    media_type: descriptor!.mediaType!,
    size: Number(descriptor!.size),
    platform_os: null,
    platform_architecture: null,
    platform_variant: null,
  }));
}

/** Returns the row of the live tag of an image. The tag was never pulled after its admission. */
export function tagRow({ tag, digest }: SeedImage, place: SeedPlace): Omit<TagRow, 'id'> {
  return {
    repository_id: place.repositoryId,
    origin_version: place.originVersion,
    name: tag,
    manifest_id: place.manifestId,
    digest,
    live: 1,
    started_at: place.at,
    ended_at: null,
    end_reason: null,
    checked_at: place.at,
    expires_at: place.expiresAt,
    refreshed_at: place.at,
    expiration_set_at: null,
    last_pulled_at: null,
    pull_count: 0,
  };
}

/** Returns the row of stored content that one origin holds. */
export function blobRow(digest: string, size: number, at: number): BlobRow {
  return {
    digest,
    size,
    state: 'PRESENT',
    created_at: at,
    present_at: at,
    holders: 1,
    unheld_at: null,
    deleting_at: null,
  };
}

/**
 * Returns the holding of an origin: for the manifest of one repository, or for a blob of
 * `repositories` repositories.
 */
export function holdingRow(
  originVersion: string,
  digest: string,
  size: number,
  needed: { readonly manifestOf?: 1; readonly repositories?: number },
): OriginHoldingRow {
  return {
    origin_version: originVersion,
    digest,
    size,
    manifest_repositories: needed.manifestOf ?? 0,
    blob_repositories: needed.repositories ?? 0,
    state: 'HELD',
    reserved_until: null,
  };
}

/**
 * Returns the row of one repository in a holding. `namedBy` is the number of its manifests that
 * name the digest as a blob; 0 means that the digest is a manifest itself.
 */
export function partRow(
  originVersion: string,
  digest: string,
  repositoryId: number,
  namedBy: number,
): RepositoryHoldingRow {
  return {
    origin_version: originVersion,
    digest,
    repository_id: repositoryId,
    is_manifest: namedBy === 0 ? 1 : 0,
    named_by: namedBy,
  };
}
