import type { Digest } from '../../../common/oci/digest';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { RepositoryKey } from '../access/repository-key';
import type { CachedManifest, CachedTag } from './catalog';
import type { StoredReferrers } from './knowledge';

/**
 * The bounded copy of the catalog on the disk of this data plane. Pulls need no control plane
 * because of it. It is never the authority: a removed entry costs only a look-up. Reads are
 * synchronous and from memory. Changes are visible immediately and reach the disk a moment later.
 */
export interface LocalIndex {
  tag(repository: RepositoryKey, tag: string): CachedTag | undefined;
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void;
  removeTag(repository: RepositoryKey, tag: string): void;
  /** Returns the known tags of a repository after `last`, in bytewise order. */
  tags(repository: RepositoryKey, limit: number, last: string): readonly string[];
  manifest(repository: RepositoryKey, digest: Digest): CachedManifest | undefined;
  /** Stores a manifest. The blobs that it names become known blobs of the repository. */
  putManifest(repository: RepositoryKey, value: CachedManifest): void;
  /** Returns a blob that a manifest of this repository names, or that the upstream confirmed. */
  blob(repository: RepositoryKey, digest: Digest): Descriptor | undefined;
  putBlob(repository: RepositoryKey, blob: Descriptor): void;
  /**
   * Returns a page of the referrers of a digest for a key of the caller. Pages above 256 KiB are
   * not stored. They are removed with the digest.
   */
  referrers(repository: RepositoryKey, digest: Digest, key: string): StoredReferrers | undefined;
  putReferrers(repository: RepositoryKey, digest: Digest, key: string, value: StoredReferrers): void;
  /**
   * Removes an organization, a repository of it, a tag, or a digest as manifest and blob, in every
   * origin version. An empty string means all of them.
   */
  forget(organizationUid: string, repository: string, tag: string, digest: string): void;
  /**
   * Returns the upstream repositories that gave the bytes of a digest to an upstream identity,
   * newest last; empty if it has no proof.
   */
  proofs(identity: string, digest: Digest): readonly string[];
  /** Stores a proof. Keeps the newest 8 repositories of an identity and digest. */
  putProof(identity: string, digest: Digest, upstreamRepository: string): void;
  /** Removes the proofs of an identity, of a digest, or both. An empty string means all of them. */
  forgetProofs(identity: string, digest: string): void;
  /** Returns the identities that have proofs. */
  identities(): readonly string[];
  /** Resolves when everything written so far is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
