import { mustDigest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { CachedManifest } from './catalog';

/**
 * Returns the manifest of an admission request as a cached manifest. Throws a TypeError if the
 * request has no manifest, which is a bug of the caller.
 */
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
