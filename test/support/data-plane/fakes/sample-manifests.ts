import { digestOf } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';
import type { FetchedManifest } from '../../../../data-plane/src/upstream/upstream-registry';

/** Returns a manifest document as an upstream sends it. */
export function manifestOf(document: unknown, mediaType: string = MediaType.ociManifest): FetchedManifest {
  const content = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(content), mediaType, content };
}

/** Returns the descriptor of an invented blob. */
export function blobNamed(name: string): { mediaType: string; digest: string; size: number } {
  return {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digestOf(Buffer.from(name)),
    size: name.length,
  };
}

/**
 * Returns an image with one config and two layers. Images with different names have different
 * digests.
 */
export function imageNamed(name: string): FetchedManifest {
  return manifestOf({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: { ...blobNamed(`${name} config`), mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: [blobNamed(`${name} layer`), blobNamed('shared layer')],
  });
}

/** Returns an index of images, one per architecture. */
export function indexOf(...images: readonly FetchedManifest[]): FetchedManifest {
  const manifests = images.map(({ digest, mediaType, content }, position) => ({
    mediaType,
    digest,
    size: content.length,
    platform: { os: 'linux', architecture: `arch${position}` },
  }));
  return manifestOf({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, MediaType.ociIndex);
}
