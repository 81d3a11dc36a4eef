import { MANIFEST_ACCEPT } from '../../../../common/oci/media-types';

/**
 * Returns the Accept header of a request for a manifest: the known types, then the others, then
 * everything. `also` are valid media types of a bounded number (AcceptedTypes in accepts.ts).
 */
export function acceptedManifests(also: readonly string[]): string {
  return [...new Set([...MANIFEST_ACCEPT, ...also]), '*/*'].join(', ');
}
