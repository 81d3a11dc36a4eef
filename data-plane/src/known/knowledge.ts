import type { Descriptor } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { RepositoryKey } from '../access/repository-key';
import type { Admission, CachedManifest, CachedTag } from './catalog';

/** A referrers answer as it was kept. `checkedAt` is milliseconds since the epoch. */
export interface KeptReferrers {
  readonly content: Buffer;
  readonly filtered: boolean;
  readonly checkedAt: number;
}

/**
 * What a pull asks about the cache: this data plane's own index first, else the control plane's Catalog.
 * Nothing here waits for a control plane that is away longer than the Catalog's bound, and nothing fails because of it:
 * unknown is then unknown, and an admission is kept for later.
 */
export interface Knowledge {
  tag(repository: RepositoryKey, tag: string): Promise<CachedTag | undefined>;
  manifest(repository: RepositoryKey, digest: Digest): Promise<CachedManifest | undefined>;
  blob(repository: RepositoryKey, digest: Digest): Promise<Descriptor | undefined>;
  /** Asks for admission; `admitted` also when it could only be noted for later. The manifest and what it names are then known. */
  admit(request: AdmitManifestRequest): Promise<Admission>;
  /** A tag was checked upstream, or moved: from now on it is this. */
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void;
  /** A pull was answered from the cache with `before`, which pushes its expiration (milliseconds since the epoch). What is known by now of the tag stands. */
  pushExpiration(repository: RepositoryKey, tag: string, before: CachedTag, expiresAt: number): void;
  /** Upstream says that the tag is gone. */
  removeTag(repository: RepositoryKey, tag: string): void;
  /** Upstream said to this organization's credentials that the repository holds the blob. */
  putBlob(repository: RepositoryKey, blob: Descriptor): void;
  /** Tags that may be served, in bytewise order, after `last`. */
  tags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }>;
  referrers(repository: RepositoryKey, key: string): KeptReferrers | undefined;
  putReferrers(repository: RepositoryKey, key: string, value: KeptReferrers): void;
}
