import type { Digest } from '../../../common/oci/digest';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { RepositoryKey } from '../access/repository-key';
import type { CachedManifest, CachedTag } from './catalog';

/**
 * What this data plane knows of the catalog, on its own disk: the reason why a pull needs no control plane.
 * A copy, never the truth: forgetting any of it costs a look-up. Reads are synchronous and from memory; what is written is
 * read at once, and is on disk a moment later.
 */
export interface LocalIndex {
  tag(repository: RepositoryKey, tag: string): CachedTag | undefined;
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void;
  removeTag(repository: RepositoryKey, tag: string): void;
  /** Known tags of a repository after `last`, in bytewise order. */
  tags(repository: RepositoryKey, limit: number, last: string): readonly string[];
  manifest(repository: RepositoryKey, digest: Digest): CachedManifest | undefined;
  /** Also makes every blob it names known to be held by the repository. */
  putManifest(repository: RepositoryKey, value: CachedManifest): void;
  /** The blob as named by a manifest of this repository, or as proven by upstream. */
  blob(repository: RepositoryKey, digest: Digest): Descriptor | undefined;
  putBlob(repository: RepositoryKey, blob: Descriptor): void;
  /** The last good referrers answer for a key made by the caller; content at most 256 KiB, larger ones are not kept. */
  referrers(
    repository: RepositoryKey,
    key: string,
  ): { readonly content: Buffer; readonly filtered: boolean; readonly checkedAt: number } | undefined;
  putReferrers(
    repository: RepositoryKey,
    key: string,
    value: { readonly content: Buffer; readonly filtered: boolean; readonly checkedAt: number },
  ): void;
  /** Forgets an organization, a repository of it, a tag, or a digest as manifest and blob (the empty text = all). Every origin version. */
  forget(organizationUid: string, repository: string, tag: string, digest: string): void;
  /** Everything written so far is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
