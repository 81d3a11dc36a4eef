import type { Digest } from '../../../common/oci/digest';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { RepositoryKey } from '../access/repository-key';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';

/** A cached tag. Times are milliseconds since the epoch; `expiresAt` undefined = never expires. */
export interface CachedTag {
  readonly manifest: Descriptor;
  readonly checkedAt: number;
  readonly expiresAt: number | undefined;
}

/** A manifest that a repository holds, and the content that it names. */
export interface CachedManifest {
  readonly manifest: Descriptor;
  readonly references: readonly ManifestReference[];
}

/** What the Catalog knows of a blob. */
export interface BlobLookup {
  /** undefined = no manifest of the repository names the blob. */
  readonly blob: Descriptor | undefined;
  /**
   * The upstream repositories, as complete names, of the proofs that the identities of the request
   * have. Independent of `blob`.
   */
  readonly provenBy: readonly string[];
}

/** The decision of the control plane about the admission of a manifest. */
export type ManifestAdmission =
  | { readonly decision: 'admitted' }
  | { readonly decision: 'pass-through' }
  | { readonly decision: 'rejected'; readonly message: string; readonly detail: Readonly<Record<string, number>> };

/** A page of cached repositories, by organization. `more`: the limit ended the list. */
export interface CachedRepositoriesPage {
  readonly organizations: readonly { readonly organizationUid: string; readonly names: readonly string[] }[];
  readonly more: boolean;
}

/**
 * The Catalog of the control plane. Every method throws NOT_READY if the control plane does not
 * answer within 2 s.
 */
export interface Catalog {
  lookupTag(repository: RepositoryKey, tag: string): Promise<CachedTag | undefined>;
  lookupManifest(repository: RepositoryKey, digest: Digest): Promise<CachedManifest | undefined>;
  /** `identities`: the upstream identities of the organization; see ProofHolder. */
  lookupBlob(repository: RepositoryKey, digest: Digest, identities: readonly string[]): Promise<BlobLookup>;
  admit(request: AdmitManifestRequest): Promise<ManifestAdmission>;
  listCachedTags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }>;
  /**
   * Lists the repositories of at most 100 origins that hold content, in the order of the origins,
   * and in bytewise order after `last` of the first one.
   */
  listCachedRepositories(
    origins: readonly Pick<RepositoryKey, 'organizationUid' | 'originVersion'>[],
    limit: number,
    last: string,
  ): Promise<CachedRepositoriesPage>;
}
