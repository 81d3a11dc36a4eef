import { mustDigest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { CachedManifest } from './catalog';

/** What an admission says of its manifest, as it is then known. Throws a TypeError for a request without a manifest: a bug of the caller. */
export function admittedManifest({
  manifest,
  references,
}: Pick<AdmitManifestRequest, 'manifest' | 'references'>): CachedManifest {
  return {
    manifest: {
      mediaType: manifest?.mediaType ?? '',
      digest: mustDigest(manifest?.digest ?? ''),
      size: Number(manifest?.size ?? 0),
    },
    references: references ?? [],
  };
}
