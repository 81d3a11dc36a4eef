import { digestOf } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';
import { config, layer } from '../../../test/support/control-plane/builders';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';
import { tagName } from './seed-content';
import { contentOf, type SeedImage } from './seed-image';

/** An image with the bytes of its manifest, so that it can be pulled. */
export interface GrowthImage extends SeedImage {
  readonly manifest: Buffer;
}

/** The layers that all images of an organization share. */
const LAYERS = 2;

/**
 * Returns a function that returns an image of an organization by its number. All images of an
 * organization have the same config and layers, and an annotation of their own, so that a million
 * of them need few rows besides their manifests.
 */
export function growthImages(organization: string): (image: number) => GrowthImage {
  const shared = [
    config(`${organization} config`, 5_000),
    ...Array.from({ length: LAYERS }, (_, at) => layer(`${organization} layer ${at}`, 30_000_000, at)),
  ];
  const [configuration, ...layers] = shared.map(({ descriptor }) => descriptor);
  const document = { schemaVersion: 2, mediaType: MediaType.ociManifest, config: configuration, layers };
  return (image) => {
    const tag = tagName(image);
    const manifest = Buffer.from(JSON.stringify({ ...document, annotations: { image: `${organization}:${tag}` } }));
    return {
      name: `${organization} ${tag}`,
      digest: digestOf(manifest),
      size: manifest.length,
      tag,
      references: shared as readonly ManifestReference[],
      ...contentOf([], shared),
      manifest,
    };
  };
}
