import { config, digest, layer } from '../../../test/support/control-plane/builders';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';

/** Bytes of every manifest. */
export const MANIFEST_BYTES = 100;
const BASE_BYTES = 30_000_000;

/** What the images of an organization look like. */
export interface ImageShape {
  /** Layers that all of them share. */
  readonly bases: number;
  /** Bytes of the config and of the one layer that each has for itself; 0 = it has none. */
  readonly configBytes: number;
  readonly layerBytes: number;
}

/** What the eviction of an image frees as long as others need the base, in bytes. */
export function ownBytes({ configBytes, layerBytes }: ImageShape): number {
  return MANIFEST_BYTES + configBytes + layerBytes;
}

/** An image as an admission names it. */
export interface SeedImage {
  /** Its manifest is `digest(name)`. */
  readonly name: string;
  readonly digest: string;
  readonly tag: string;
  readonly references: readonly ManifestReference[];
  /** Blobs that only it has, and those that it shares: bytes by digest. */
  readonly own: ReadonlyMap<string, number>;
  readonly shared: ReadonlyMap<string, number>;
}

/** The image of that name of an organization. */
export function seedImage(organization: string, tag: string, shape: ImageShape): SeedImage {
  const { bases, configBytes, layerBytes } = shape;
  const name = `${organization} ${tag}`;
  const base = Array.from({ length: bases }, (_, at) => layer(`${organization} base ${at}`, BASE_BYTES, at));
  const own = [
    ...(configBytes === 0 ? [] : [config(`${name} config`, configBytes)]),
    ...(layerBytes === 0 ? [] : [layer(`${name} layer`, layerBytes, bases)]),
  ];
  return { name, digest: digest(name), tag, references: [...own, ...base], own: sizes(own), shared: sizes(base) };
}

function sizes(references: readonly ManifestReference[]): ReadonlyMap<string, number> {
  return new Map(references.map(({ descriptor }) => [descriptor!.digest!, Number(descriptor!.size)]));
}
