import { isIndex } from '../../../../common/oci/media-types';

/**
 * Media types of image layers: plain or compressed tar (OCI image specification "layer", and
 * Docker's names for the same).
 */
const IMAGE_LAYER =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar|docker\.image\.rootfs(?:\.foreign)?\.diff\.tar)(?:[.+](?:gzip|zstd))?$/;

/** The fields that tell whether there is anything to scan. */
interface Named {
  readonly role: string;
  readonly media_type: string;
}

/** Returns whether a manifest is scanned itself. An index is not; its children are. */
export function isScannedByItself(mediaType: string): boolean {
  return !isIndex(mediaType);
}

/**
 * Returns whether a manifest has at least one image layer. Without any, it is something else (a
 * signature, an attestation, a chart) and there is nothing to scan. One layer is enough, so that a
 * layer of an unknown type cannot hide the others: Clair decides about those.
 */
export function hasImageLayers(references: readonly Named[]): boolean {
  return references.some(({ role, media_type }) => role === 'LAYER' && IMAGE_LAYER.test(media_type));
}
