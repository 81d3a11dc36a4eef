import type { Descriptor } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { PullTarget } from '../access/pull-target';
import type { RepositoryKey } from '../access/repository-key';
import type { ListPosition, UpstreamTagPage } from '../upstream/upstream-registry';
import type { ManifestAdmission, CachedManifest, CachedTag } from './catalog';

/** Largest page of referrers that is stored, in bytes. */
export const MAX_STORED_REFERRERS_BYTES = 256 * 1024;

/** A stored page of referrers. `checkedAt` is milliseconds since the epoch. */
export interface StoredReferrers {
  readonly content: Buffer;
  readonly filtered: boolean;
  readonly checkedAt: number;
  /** The position of the next page; undefined = the last page. */
  readonly next?: ListPosition;
}

/** A page of tags as the upstream listed it. `checkedAt` is milliseconds since the epoch. */
export interface StoredTagPage {
  readonly page: UpstreamTagPage;
  readonly checkedAt: number;
}

/** The part of a pull target that a proof of the right to read belongs to. */
export type ProofTarget = Pick<PullTarget, 'key' | 'holder' | 'upstream'>;

/** A proof of the right to read a blob, as this data plane knows it. */
export interface KnownProof {
  /** The identities of the target that it is known for, at least one. */
  readonly identities: readonly string[];
  /** The complete name of the repository that gave the bytes. */
  readonly upstreamRepository: string;
}

/**
 * Answers the questions of a pull about the cache: from the local index of this data plane first,
 * else from the Catalog of the control plane. No method waits for an unreachable control plane
 * longer than the timeout of the Catalog, and none fails because of it: look-ups then return
 * `unknown`, and admissions are kept for later.
 */
export interface Knowledge {
  tag(repository: RepositoryKey, tag: string): Promise<CachedTag | undefined>;
  manifest(repository: RepositoryKey, digest: Digest): Promise<CachedManifest | undefined>;
  /**
   * Returns a blob if the repository holds it. If the Catalog is asked, the proofs of the right to
   * read the blob are known afterwards too.
   */
  blob(target: ProofTarget, digest: Digest): Promise<Descriptor | undefined>;
  /**
   * Returns whether it is known here that the upstream gave the bytes of a digest to one of the
   * target's identities, from a repository that the organization may pull. Asks nobody.
   */
  isProven(target: ProofTarget, digest: Digest): boolean;
  /**
   * Returns a proof that makes {@link isProven} true, or undefined if there is none. It names only
   * identities that it is known for, so that it can be reported again.
   */
  knownProof(target: ProofTarget, digest: Digest): KnownProof | undefined;
  /**
   * Like {@link isProven}; asks the Catalog if no proof is known here. Returns false if it is
   * unreachable.
   */
  findProof(target: ProofTarget, digest: Digest): Promise<boolean>;
  /**
   * Stores the proof that an upstream repository gave the bytes of a digest to these identities.
   * Returns whether it is new.
   */
  putProof(identities: readonly string[], digest: Digest, upstreamRepository: string): boolean;
  /**
   * Requests the admission of a manifest. Returns `admitted` also if the admission could only be
   * written down for later. The manifest and the content that it names are known from then on.
   */
  admit(request: AdmitManifestRequest): Promise<ManifestAdmission>;
  /** Stores a tag that was revalidated or moved. */
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void;
  /**
   * Extends the expiration of a tag that was served from the cache as `before`; `expiresAt` is
   * milliseconds since the epoch. Does nothing if the tag has changed meanwhile.
   */
  pushExpiration(repository: RepositoryKey, tag: string, before: CachedTag, expiresAt: number): void;
  /** Removes a tag that no longer exists at the upstream. */
  removeTag(repository: RepositoryKey, tag: string): void;
  /**
   * Stores a blob whose presence the upstream confirmed to the credentials of this organization.
   */
  putBlob(repository: RepositoryKey, blob: Descriptor): void;
  /** Lists the tags after `last` that may be served, in bytewise order. */
  tags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }>;
  /**
   * Returns a number that changes when content of the repository may have changed: what was asked
   * before is not stored if the number differs afterwards.
   */
  changes(repository: RepositoryKey): number;
  /** Returns a stored page of the referrers of a digest. */
  referrers(repository: RepositoryKey, digest: Digest, key: string): StoredReferrers | undefined;
  putReferrers(repository: RepositoryKey, digest: Digest, key: string, value: StoredReferrers): void;
  /** Returns a page of tags that this process keeps in memory. */
  tagPage(repository: RepositoryKey, key: string): StoredTagPage | undefined;
  putTagPage(repository: RepositoryKey, key: string, value: StoredTagPage): void;
}
