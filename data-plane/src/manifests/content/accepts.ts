import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType } from '../../../../common/oci/media-types';

/**
 * Refuses a manifest of a type that the client did not ask for. Layover keeps what upstream has and
 * never converts (docs/design/pull-semantics.md#content-negotiation), so an old client that takes
 * only image manifests cannot be given an index. No Accept at all and the wildcards take anything
 * (RFC 9110 section 12.5.1). Throws MANIFEST_UNKNOWN, as registries do, saying which type there is
 * and what was asked for.
 */
export function requireAccepted(accept: readonly string[], mediaType: string): void {
  const wanted = accept.flatMap((value) => value.split(',')).filter((value) => value.trim() !== '');
  if (wanted.length === 0 || wanted.some((range) => takes(range, mediaType))) return;
  const asked = wanted.map(bareMediaType).slice(0, 10).join(', ');
  throw new LayoverError('MANIFEST_UNKNOWN', {
    message: `the manifest is of type ${mediaType}, but the client accepts only ${asked.slice(0, 500)}`,
    detail: { mediaType },
  });
}

function takes(range: string, mediaType: string): boolean {
  const type = bareMediaType(range);
  if (type !== mediaType && type !== '*/*' && type !== 'application/*') return false;
  return !/;\s*q=0(\.0{0,3})?\s*(;|$)/i.test(range);
}
