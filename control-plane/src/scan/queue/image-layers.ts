import { isIndex } from '../../../../common/oci/media-types';

/** Layers of images: tar, plain or compressed (OCI image specification "layer", and Docker's names for the same). */
const IMAGE_LAYER =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar|docker\.image\.rootfs(?:\.foreign)?\.diff\.tar)(?:[.+](?:gzip|zstd))?$/;

/** What is looked at to tell whether there is anything to scan. */
interface Named {
  readonly role: string;
  readonly media_type: string;
}

/** Whether a manifest is one that is scanned by itself: an index is not, its children are. */
export function isScannedByItself(mediaType: string): boolean {
  return !isIndex(mediaType);
}

/**
 * Whether a manifest has a layer of an image. Without any it is something else (a signature, an attestation, a chart), in which there is
 * nothing to look for. One is enough: what Clair thinks of the others is for Clair to say, so that a strange layer hides nothing.
 */
export function hasImageLayers(references: readonly Named[]): boolean {
  return references.some(({ role, media_type }) => role === 'LAYER' && IMAGE_LAYER.test(media_type));
}
