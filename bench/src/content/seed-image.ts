import { config, digest, layer } from '../../../test/support/control-plane/builders';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';

/** Size of the manifests of {@link seedImage}, in bytes. */
export const MANIFEST_BYTES = 100;
const BASE_BYTES = 30_000_000;

/** The layers and sizes of the images of an organization. */
export interface ImageShape {
  /** Number of layers that all images share. */
  readonly bases: number;
  /**
   * Sizes of the config and of the one layer that only this image has, in bytes; 0 means that there
   * is none.
   */
  readonly configBytes: number;
  readonly layerBytes: number;
}

/**
 * Returns the bytes that the eviction of one image frees while other images use the shared layers.
 */
export function ownBytes({ configBytes, layerBytes }: ImageShape): number {
  return MANIFEST_BYTES + configBytes + layerBytes;
}

/** An image with the references that its admission lists. */
export interface SeedImage {
  readonly name: string;
  readonly digest: string;
  /** Size of the manifest, in bytes. */
  readonly size: number;
  readonly tag: string;
  readonly references: readonly ManifestReference[];
  /** Blobs that only this image has, and blobs that it shares: size in bytes by digest. */
  readonly own: ReadonlyMap<string, number>;
  readonly shared: ReadonlyMap<string, number>;
}

/** Returns the image with this tag in an organization. Its digest is `digest(name)`. */
export function seedImage(organization: string, tag: string, shape: ImageShape): SeedImage {
  const { bases, configBytes, layerBytes } = shape;
  const name = `${organization} ${tag}`;
  const base = Array.from({ length: bases }, (_, at) => layer(`${organization} base ${at}`, BASE_BYTES, at));
  const own = [
    ...(configBytes === 0 ? [] : [config(`${name} config`, configBytes)]),
    ...(layerBytes === 0 ? [] : [layer(`${name} layer`, layerBytes, bases)]),
  ];
  const references = [...own, ...base];
  return { name, digest: digest(name), size: MANIFEST_BYTES, tag, references, ...contentOf(own, base) };
}

/** Returns the blobs that references name, as an image has them. */
export function contentOf(
  own: readonly ManifestReference[],
  shared: readonly ManifestReference[],
): Pick<SeedImage, 'own' | 'shared'> {
  return { own: sizes(own), shared: sizes(shared) };
}

function sizes(references: readonly ManifestReference[]): ReadonlyMap<string, number> {
  return new Map(references.map(({ descriptor }) => [descriptor!.digest!, Number(descriptor!.size)]));
}
