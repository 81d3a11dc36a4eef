import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType, isManifestType, MANIFEST_ACCEPT } from '../../../../common/oci/media-types';

/**
 * Most media types of a client that are passed on to the upstream, and the longest, in characters.
 */
const MAX_TYPES = 8;
const MAX_LENGTH = 127;

/**
 * Checks that the client accepts the media type of the manifest. Layover serves the manifests of
 * the upstream and never converts them (docs/design/pull-semantics.md#content-negotiation), so an
 * old client that accepts only image manifests cannot get an index. A missing Accept header and
 * wildcards accept every type (RFC 9110 section 12.5.1). Throws MANIFEST_UNKNOWN, like other
 * registries, with the type of the manifest and the accepted types.
 */
export function requireAccepted(accept: readonly string[], mediaType: string): void {
  const wanted = accept.flatMap((value) => value.split(',')).filter((value) => value.trim() !== '');
  if (wanted.length === 0 || wanted.some((range) => takes(range, mediaType))) return;
  const asked = wanted.map(bareMediaType).slice(0, 10).join(', ');
  throw new LayoverError('MANIFEST_UNKNOWN', {
    message: `the manifest has type ${mediaType}, but the client accepts only ${asked.slice(0, 500)}`,
    detail: { mediaType },
  });
}

/**
 * Returns the types of manifests in Accept headers that upstreams are not asked for anyway, each
 * once, in a fixed order, so that requests with the same types share their work. Some registries
 * answer 404 for a manifest whose type is not accepted by name
 * (docs/design/pull-semantics.md#media-types-of-manifests). Leaves out generic types, wildcards,
 * schema 1, refused types (`q=0`), and what exceeds the limits: 8 types of 127 characters.
 */
export function requestableTypes(accept: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const range of accept.flatMap((value) => value.split(','))) {
    const type = bareMediaType(range);
    if (type.length > MAX_LENGTH || !isManifestType(type) || MANIFEST_ACCEPT.includes(type)) continue;
    if (isRefused(range)) continue;
    found.add(type);
    if (found.size === MAX_TYPES) break;
  }
  return [...found].sort();
}

function isRefused(range: string): boolean {
  return /;\s*q=0(\.0{0,3})?\s*(;|$)/i.test(range);
}

function takes(range: string, mediaType: string): boolean {
  const type = bareMediaType(range);
  if (type !== mediaType && type !== '*/*' && type !== 'application/*') return false;
  return !isRefused(range);
}
