import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType } from '../../../../common/oci/media-types';

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

function takes(range: string, mediaType: string): boolean {
  const type = bareMediaType(range);
  if (type !== mediaType && type !== '*/*' && type !== 'application/*') return false;
  return !/;\s*q=0(\.0{0,3})?\s*(;|$)/i.test(range);
}
