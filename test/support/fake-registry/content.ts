import { createHash } from 'node:crypto';
import { type Digest, digestOf } from '../../../common/oci/digest';
import type { BuiltImage, BuiltIndex } from './images';
import { patternReader } from './pattern';

/** A blob's bytes by offset. */
export interface BlobSource {
  readonly size: number;
  /** Returns exactly `length` bytes from `offset`. */
  readonly generator: (offset: number, length: number) => Buffer;
}

/** A manifest with the media type it is served under. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

interface RepositoryContent {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, Digest>;
  readonly blobs: Map<string, BlobSource>;
}

const HASH_STEP = 8 << 20;

/** What a fake registry holds. Two servers may share one (a registry and its CDN). Repositories come into being when written to. */
export class RegistryContent {
  private readonly repositories = new Map<string, RepositoryContent>();

  /** An image with config and layers; tagged where a tag is given. */
  addImage(repository: string, tag: string | undefined, image: BuiltImage): Digest {
    for (const blob of [image.config, ...image.layers]) this.addBlob(repository, blob.bytes);
    return this.addManifest(repository, tag, image.manifest, image.mediaType);
  }

  /** An index with all of its images. */
  addIndex(repository: string, tag: string | undefined, index: BuiltIndex): Digest {
    for (const image of index.images) this.addImage(repository, undefined, image);
    return this.addManifest(repository, tag, index.manifest, index.mediaType);
  }

  /** Any bytes as a manifest; nothing is checked. Returns their sha256 digest. */
  addManifest(repository: string, tag: string | undefined, bytes: Buffer, mediaType: string): Digest {
    const digest = digestOf(bytes);
    const held = this.ensure(repository);
    held.manifests.set(digest, { digest, mediaType, bytes });
    if (tag !== undefined) held.tags.set(tag, digest);
    return digest;
  }

  /**
   * A blob from bytes, from a generator, or of `size` made-up bytes. Hashes it unless `digest` is given;
   * a `digest` that is wrong makes a registry that lies.
   */
  addBlob(
    repository: string,
    blob: Buffer | BlobSource | { readonly size: number; readonly seed?: string },
    digest?: Digest,
  ): Digest {
    const source = sourceOf(blob);
    const key = digest ?? hashOf(source);
    this.ensure(repository).blobs.set(key, source);
    return key;
  }

  /** Points a tag at a manifest that is there. */
  setTag(repository: string, tag: string, digest: Digest): void {
    if (!this.ensure(repository).manifests.has(digest)) throw new Error(`no manifest ${digest} in ${repository}`);
    this.ensure(repository).tags.set(tag, digest);
  }

  deleteTag(repository: string, tag: string): void {
    this.ensure(repository).tags.delete(tag);
  }

  deleteManifest(repository: string, digest: Digest): void {
    this.ensure(repository).manifests.delete(digest);
  }

  deleteBlob(repository: string, digest: Digest): void {
    this.ensure(repository).blobs.delete(digest);
  }

  hasRepository(repository: string): boolean {
    return this.repositories.has(repository);
  }

  /** By tag or digest; sha512 digests are found by hashing. */
  manifest(repository: string, reference: string): StoredManifest | undefined {
    const held = this.repositories.get(repository);
    if (held === undefined) return undefined;
    if (reference.startsWith('sha512:')) {
      return [...held.manifests.values()].find((manifest) => digestOf(manifest.bytes, 'sha512') === reference);
    }
    return held.manifests.get(reference.includes(':') ? reference : (held.tags.get(reference) ?? ''));
  }

  blob(repository: string, digest: string): BlobSource | undefined {
    return this.repositories.get(repository)?.blobs.get(digest);
  }

  /** In the order that the distribution specification asks for ("Listing Tags": lexical). */
  tags(repository: string): readonly string[] {
    return [...(this.repositories.get(repository)?.tags.keys() ?? [])].sort();
  }

  manifests(repository: string): readonly StoredManifest[] {
    return [...(this.repositories.get(repository)?.manifests.values() ?? [])];
  }

  private ensure(repository: string): RepositoryContent {
    let held = this.repositories.get(repository);
    if (held === undefined) {
      held = { manifests: new Map(), tags: new Map(), blobs: new Map() };
      this.repositories.set(repository, held);
    }
    return held;
  }
}

function sourceOf(blob: Buffer | BlobSource | { readonly size: number; readonly seed?: string }): BlobSource {
  if (Buffer.isBuffer(blob)) {
    return { size: blob.length, generator: (offset, length) => blob.subarray(offset, offset + length) };
  }
  if ('generator' in blob) return blob;
  return { size: blob.size, generator: patternReader(blob.seed ?? 'blob') };
}

function hashOf(source: BlobSource): Digest {
  const hash = createHash('sha256');
  for (let offset = 0; offset < source.size; offset += HASH_STEP) {
    hash.update(source.generator(offset, Math.min(HASH_STEP, source.size - offset)));
  }
  return `sha256:${hash.digest('hex')}` as Digest;
}
