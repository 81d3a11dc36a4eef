import { type Descriptor, declaredSize } from '../../../../common/oci/descriptor';
import type { Digest } from '../../../../common/oci/digest';
import { isHeldReference } from '../../../../common/oci/held-role';
import type { CachedManifest, CachedTag } from '../catalog';

/** A stored referrers answer. */
export interface IndexedReferrers {
  readonly content: Buffer;
  readonly filtered: boolean;
  readonly checkedAt: number;
}

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
  private readonly referrers = new Map<string, IndexedReferrers>();

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
      if (declaredSize(blob) !== undefined || !this.blobs.has(blob.digest)) this.putBlob(blob);
  }

  blob(digest: Digest): Descriptor | undefined {
    return this.blobs.get(digest);
  }

  putBlob({ mediaType, digest, size }: Descriptor): void {
    this.put(this.blobs, digest, { mediaType, digest, size }, () => ENTRY_COST);
  }

  referrersOf(key: string): IndexedReferrers | undefined {
    return this.referrers.get(key);
  }

  putReferrers(key: string, value: IndexedReferrers): void {
    this.put(this.referrers, key, value, referrersCost);
  }

  /**
   * Removes a digest as manifest and as blob, and nothing else. Other manifests may name the same
   * blobs, and pulls need them while the control plane is unreachable. CatalogKnowledge.forget
   * makes sure that they are confirmed again.
   */
  forgetDigest(digest: Digest): void {
    this.remove(this.manifests, digest, textCost);
    this.remove(this.blobs, digest, () => ENTRY_COST);
  }

  /** Drops the older half of every kind of entry. */
  evictHalf(): void {
    evictOldest(this.tags, (tag) => this.removeTag(tag));
    evictOldest(this.manifests, (digest) => this.remove(this.manifests, digest, textCost));
    evictOldest(this.blobs, (digest) => this.remove(this.blobs, digest, () => ENTRY_COST));
    evictOldest(this.referrers, (key) => this.remove(this.referrers, key, referrersCost));
  }

  /** Yields all manifests, for writing them to disk. */
  *allManifests(): Iterable<CachedManifest> {
    for (const text of this.manifests.values()) yield JSON.parse(text) as CachedManifest;
  }

  /** Yields all blobs, including those that a manifest names. */
  allBlobs(): Iterable<Descriptor> {
    return this.blobs.values();
  }

  /** Yields all referrers answers with their keys. */
  allReferrers(): Iterable<[string, IndexedReferrers]> {
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

function referrersCost({ content }: IndexedReferrers): number {
  return ENTRY_COST + content.length;
}

function evictOldest<K>(map: Map<K, unknown>, remove: (key: K) => void): void {
  let left = Math.ceil(map.size / 2);
  for (const key of map.keys()) {
    if (left-- === 0) return;
    remove(key);
  }
}
