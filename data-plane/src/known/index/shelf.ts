import { type Descriptor, possibleSize } from '../../../../common/oci/descriptor';
import type { Digest } from '../../../../common/oci/digest';
import { isHeldReference } from '../../../../common/oci/held-role';
import type { CachedManifest, CachedTag } from '../catalog';
import type { StoredReferrers } from '../knowledge';

/**
 * Approximate memory of an entry in addition to its strings, in bytes: keys, object headers and map
 * slots.
 */
const ENTRY_COST = 250;

/**
 * The entries of one repository in one origin version. `cost` is the approximate memory of all
 * entries in bytes. Maps keep the order of insertion, so that the oldest entries are dropped first.
 */
export class Shelf {
  cost = 0;
  readonly tags = new Map<string, CachedTag>();
  /**
   * As JSON: one string needs less memory than dozens of objects, and most manifests are kept long
   * and read rarely.
   */
  private readonly manifests = new Map<Digest, string>();
  private readonly blobs = new Map<Digest, Descriptor>();
  private readonly referrers = new Map<string, StoredReferrers>();

  /** Returns whether the shelf has no entries. */
  get empty(): boolean {
    return this.tags.size + this.manifests.size + this.blobs.size + this.referrers.size === 0;
  }

  putTag(tag: string, value: CachedTag): void {
    this.put(this.tags, tag, value, () => ENTRY_COST);
  }

  removeTag(tag: string): void {
    this.remove(this.tags, tag, () => ENTRY_COST);
  }

  manifest(digest: Digest): CachedManifest | undefined {
    const text = this.manifests.get(digest);
    return text === undefined ? undefined : (JSON.parse(text) as CachedManifest);
  }

  /** Stores a manifest, and the layers and the config that it names as blobs. */
  putManifest(value: CachedManifest): void {
    this.put(this.manifests, value.manifest.digest, JSON.stringify(value), textCost);
    // What another manifest says about the size is better than nothing.
    for (const blob of blobsNamedBy(value))
      if (possibleSize(blob.digest, blob.size) !== undefined || !this.blobs.has(blob.digest)) this.putBlob(blob);
  }

  blob(digest: Digest): Descriptor | undefined {
    return this.blobs.get(digest);
  }

  putBlob({ mediaType, digest, size }: Descriptor): void {
    this.put(this.blobs, digest, { mediaType, digest, size }, () => ENTRY_COST);
  }

  referrersOf(key: string): StoredReferrers | undefined {
    return this.referrers.get(key);
  }

  putReferrers(key: string, value: StoredReferrers): void {
    this.put(this.referrers, key, value, referrersCost(key));
  }

  /**
   * Removes a digest as manifest and as blob, with its referrers, and nothing else. Other manifests
   * may name the same blobs, and pulls need them while the control plane is unreachable.
   * CatalogKnowledge.forget makes sure that they are confirmed again.
   */
  forgetDigest(digest: Digest): void {
    this.remove(this.manifests, digest, textCost);
    this.remove(this.blobs, digest, () => ENTRY_COST);
    const keys = [...this.referrers.keys()].filter((key) => key.startsWith(referrersKey(digest, '')));
    for (const key of keys) this.remove(this.referrers, key, referrersCost(key));
  }

  /** Drops the older half of every kind of entry. */
  evictHalf(): void {
    evictOldest(this.tags, (tag) => this.removeTag(tag));
    evictOldest(this.manifests, (digest) => this.remove(this.manifests, digest, textCost));
    evictOldest(this.blobs, (digest) => this.remove(this.blobs, digest, () => ENTRY_COST));
    evictOldest(this.referrers, (key) => this.remove(this.referrers, key, referrersCost(key)));
  }

  /** Yields all manifests, for writing them to disk. */
  *allManifests(): Iterable<CachedManifest> {
    for (const text of this.manifests.values()) yield JSON.parse(text) as CachedManifest;
  }

  /** Yields all blobs, including those that a manifest names. */
  allBlobs(): Iterable<Descriptor> {
    return this.blobs.values();
  }

  /** Yields all pages of referrers with their keys. */
  allReferrers(): Iterable<[string, StoredReferrers]> {
    return this.referrers.entries();
  }

  private put<K, V>(map: Map<K, V>, key: K, value: V, cost: (value: V) => number): void {
    this.remove(map, key, cost);
    map.set(key, value);
    this.cost += cost(value);
  }

  private remove<K, V>(map: Map<K, V>, key: K, cost: (value: V) => number): void {
    const value = map.get(key);
    if (value === undefined) return;
    map.delete(key);
    this.cost -= cost(value);
  }
}

/** Returns the key of a page of the referrers of a digest in a shelf. */
export function referrersKey(digest: Digest, key: string): string {
  return `${digest} ${key}`;
}

/**
 * Yields the layers and the config that a manifest names, also those that are stored elsewhere: a
 * client may ask the upstream for them. The children of an index are not blobs.
 */
function* blobsNamedBy({ references }: CachedManifest): Iterable<Descriptor> {
  for (const { role, descriptor } of references) {
    if (descriptor && isHeldReference({ role })) yield descriptor as Descriptor;
  }
}

function textCost(text: string): number {
  return ENTRY_COST + text.length;
}

function referrersCost(key: string): (value: StoredReferrers) => number {
  return ({ content, next: { query, after = '' } = { query: '' } }) =>
    ENTRY_COST + key.length + content.length + query.length + after.length;
}

function evictOldest<K>(map: Map<K, unknown>, remove: (key: K) => void): void {
  let left = Math.ceil(map.size / 2);
  for (const key of map.keys()) {
    if (left-- === 0) return;
    remove(key);
  }
}
