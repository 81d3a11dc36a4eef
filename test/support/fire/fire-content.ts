import {
  buildImage,
  buildIndex,
  type BuiltImage,
  type BuiltIndex,
  patternBytes,
  type RegistryContent,
} from '../fake-registry';

const REPOSITORIES = ['load/app', 'load/tool'] as const;
/** Tags that clients pull and that move all the time. */
export const TAGS_ON_FIRE = ['a', 'b', 'c', 'd', 'e'] as const;

/**
 * Shared layers: some are larger than the bytes that a fill withholds until it is verified, some
 * are smaller.
 */
const LAYERS = Array.from({ length: 24 }, (_, index) =>
  patternBytes(`fire ${index}`, 0, 3_000 + ((index * 7919) % 24) * 32_000),
);
const IMAGES = 40;
/**
 * Number of images that tags point to at the same time. Later other images follow, so that the
 * first ones are evicted and deleted.
 */
const HOT = 8;
/** Number of moves of a tag until the next images follow. */
const HOT_MOVES = 60;

/** An upstream with many images that share layers, and tags that move at random. */
export class FireContent {
  /** Room for two of the largest images, so that nearly every admission evicts an image. */
  readonly limit: number;
  private readonly images: readonly BuiltImage[];
  private readonly indexes: readonly BuiltIndex[];
  private readonly built = new Map<string, BuiltImage | BuiltIndex>();
  private readonly blobs = new Map<string, Buffer>();
  private moves = 0;

  constructor(private readonly content: RegistryContent) {
    this.images = Array.from({ length: IMAGES }, (_, index) =>
      buildImage({
        seed: `fire image ${index}`,
        layers: [0, 1, 2, 3].slice(0, 2 + (index % 3)).map((layer) => LAYERS[(index * 5 + layer * 7) % LAYERS.length]!),
        platform: { os: 'linux', architecture: index % 2 === 0 ? 'amd64' : 'arm64' },
      }),
    );
    this.indexes = Array.from({ length: IMAGES / 8 }, (_, index) =>
      buildIndex({ images: [this.images[index * 8]!, this.images[index * 8 + 1]!] }),
    );
    for (const repository of REPOSITORIES) {
      for (const image of this.images) content.addImage(repository, undefined, image);
      for (const index of this.indexes) content.addIndex(repository, undefined, index);
    }
    for (const one of [...this.images, ...this.indexes]) this.built.set(one.digest, one);
    for (const image of this.images)
      for (const blob of [image.config, ...image.layers]) this.blobs.set(blob.digest, blob.bytes);
    this.limit = 2 * Math.max(...this.images.map((image) => sizeOf(image)));
    for (let times = 0; times < 40; times += 1) this.moveTags();
    for (const repository of REPOSITORIES)
      for (const tag of TAGS_ON_FIRE)
        if (content.manifest(repository, tag) === undefined) content.setTag(repository, tag, this.images[0]!.digest);
  }

  /** Moves one tag to another of the current images. */
  moveTags(): void {
    const from = Math.floor(this.moves / HOT_MOVES) * HOT;
    this.moves += 1;
    const image = this.images[(from + Math.floor(Math.random() * HOT)) % IMAGES]!;
    const index = this.indexes[Math.floor((from % IMAGES) / 8)]!;
    const { digest } = Math.random() < 0.2 ? index : image;
    this.content.setTag(this.randomRepository(), this.random(TAGS_ON_FIRE), digest);
  }

  random<T>(values: readonly T[]): T {
    return values[Math.floor(Math.random() * values.length)]!;
  }

  randomRepository(): string {
    return this.random(REPOSITORIES);
  }

  /** Returns an image that has or is this content, or undefined if the content is an index. */
  imageWith(digest: string): BuiltImage | undefined {
    const fitting = this.images.filter(
      (image) => image.digest === digest || [image.config, ...image.layers].some((blob) => blob.digest === digest),
    );
    return fitting.length === 0 ? undefined : this.random(fitting);
  }

  /** Returns the content with this digest, or undefined if the upstream never had it. */
  find(digest: string): BuiltImage | BuiltIndex | undefined {
    return this.built.get(digest);
  }

  /** Returns the correct bytes of a blob. */
  blob(digest: string): Buffer {
    return this.blobs.get(digest)!;
  }
}

function sizeOf({ manifest, config, layers }: BuiltImage): number {
  return [config, ...layers].reduce((sum, { bytes }) => sum + bytes.length, manifest.length);
}
