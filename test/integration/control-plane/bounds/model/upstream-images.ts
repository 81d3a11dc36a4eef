import {
  buildImage,
  buildIndex,
  type BuiltImage,
  type BuiltIndex,
  type RegistryContent,
} from '../../../../support/fake-registry';
import { patternBytes } from '../../../../support/fake-registry';

/** The repositories that clients pull from. */
export const REPOSITORIES = ['team/app', 'team/tool'] as const;
/** The tags that move. */
export const TAGS = ['a', 'b', 'c'] as const;
/** The namespaces of the upstream. An organization mirrors one. */
export const NAMESPACES = ['', 'alt'] as const;

/**
 * Layers that images share, with sizes in bytes. The first is long enough for a client to leave in
 * the middle.
 */
const LAYERS = [180_000, 30_000, 20_000, 12_000, 5_000, 3_000, 1_000].map((size, index) =>
  patternBytes(`layer ${index}`, 0, size),
);
const IMAGES: readonly (readonly number[])[] = [
  [0, 1],
  [0, 2, 6],
  [1, 2],
  [3, 4],
  [3, 5, 6],
  [2, 3],
  [4, 5],
  [0, 3, 5],
];

/** The content of the upstream: images that share layers, and indexes that share children. */
export class UpstreamImages {
  readonly images: readonly BuiltImage[] = IMAGES.map((layers, index) =>
    buildImage({
      seed: `image ${index}`,
      layers: layers.map((layer) => LAYERS[layer]!),
      platform: { os: 'linux', architecture: index % 2 === 0 ? 'amd64' : 'arm64' },
    }),
  );
  readonly indexes: readonly BuiltIndex[] = [
    buildIndex({ images: [this.images[2]!, this.images[3]!] }),
    buildIndex({ images: [this.images[2]!, this.images[7]!] }),
  ];
  /** All manifests that a tag can point to. */
  readonly all: readonly (BuiltImage | BuiltIndex)[] = [...this.images, ...this.indexes];
  private readonly byDigest = new Map(this.all.map((built) => [built.digest as string, built]));

  /** Publishes all content in every repository of an upstream, without tags. */
  publish(content: RegistryContent): void {
    for (const namespace of NAMESPACES)
      for (const repository of REPOSITORIES)
        for (const index of this.indexes) content.addIndex(upstreamName(namespace, repository), undefined, index);
    for (const namespace of NAMESPACES)
      for (const repository of REPOSITORIES)
        for (const image of this.images) content.addImage(upstreamName(namespace, repository), undefined, image);
  }

  find(digest: string): BuiltImage | BuiltIndex {
    const found = this.byDigest.get(digest);
    if (found === undefined) throw new Error(`the upstream never had ${digest}`);
    return found;
  }

  /** Returns config and layers by digest. Empty for an index. */
  blobsOf(digest: string): ReadonlyMap<string, Buffer> {
    const found = this.find(digest);
    if (!('config' in found)) return new Map();
    return new Map([found.config, ...found.layers].map((blob) => [blob.digest, blob.bytes]));
  }

  /** Returns the size of manifest and blobs in bytes, each once. */
  wholeSize(digest: string): number {
    return [...this.blobsOf(digest).values()].reduce(
      (sum, { length }) => sum + length,
      this.find(digest).manifest.length,
    );
  }
}

/** Returns the name of a repository at the upstream. */
export function upstreamName(namespace: string, repository: string): string {
  return namespace === '' ? repository : `${namespace}/${repository}`;
}
