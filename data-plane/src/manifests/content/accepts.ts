import { LRUCache } from 'lru-cache';
import { LayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType, isManifestType, MANIFEST_ACCEPT } from '../../../../common/oci/media-types';

/**
 * Most media types of a client that are passed on to the upstream, and the longest, in characters.
 */
const MAX_TYPES = 8;
const MAX_LENGTH = 127;

/** Most Accept headers whose reading is remembered, and the longest, in characters. */
const MAX_REMEMBERED = 1_000;
const MAX_REMEMBERED_LENGTH = 4_096;

/** What a client accepts. */
export interface AcceptedTypes {
  /**
   * The types of manifests that upstreams are not asked for anyway, each once, in a fixed order, so
   * that requests with the same types share their work. Some registries answer 404 for a manifest
   * whose type is not accepted by name (docs/design/pull-semantics.md#media-types-of-manifests).
   * Without generic types, wildcards, schema 1, refused types (`q=0`), and what exceeds the limits:
   * 8 types of 127 characters.
   */
  readonly requestable: readonly string[];
  /**
   * Checks that the client accepts the media type of a manifest. Layover serves the manifests of
   * the upstream and never converts them (docs/design/pull-semantics.md#content-negotiation), so an
   * old client that accepts only image manifests cannot get an index. A missing Accept header and
   * wildcards accept every type (RFC 9110 section 12.5.1). Throws MANIFEST_UNKNOWN, like other
   * registries, with the type of the manifest and the accepted types.
   */
  require(mediaType: string): void;
}

/**
 * Reads Accept headers, and remembers those of the last clients: most clients send the same few.
 */
export class AcceptHeaders {
  private readonly known = new LRUCache<string, AcceptedTypes>({ max: MAX_REMEMBERED });

  /** Returns what the values of the Accept headers of a request mean; none = everything. */
  read(accept: readonly string[]): AcceptedTypes {
    const text = accept.length === 1 ? accept[0]! : accept.join(',');
    let types = this.known.get(text);
    if (types === undefined) {
      types = readAccept(text);
      if (text.length <= MAX_REMEMBERED_LENGTH) this.known.set(text, types);
    }
    return types;
  }
}

function readAccept(text: string): AcceptedTypes {
  const ranges = text.split(',').filter((range) => range.trim() !== '');
  const taken = new Set<string>();
  return {
    requestable: requestableTypes(ranges),
    require(mediaType) {
      if (taken.has(mediaType)) return;
      requireAccepted(ranges, mediaType);
      // Upstreams choose the types, so only the known ones are remembered.
      if (MANIFEST_ACCEPT.includes(mediaType)) taken.add(mediaType);
    },
  };
}

function requireAccepted(ranges: readonly string[], mediaType: string): void {
  if (ranges.length === 0 || ranges.some((range) => takes(range, mediaType))) return;
  const asked = ranges.map(bareMediaType).slice(0, 10).join(', ');
  throw new LayoverError('MANIFEST_UNKNOWN', {
    message: `the manifest has type ${mediaType}, but the client accepts only ${asked.slice(0, 500)}`,
    detail: { mediaType },
  });
}

function requestableTypes(ranges: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const range of ranges) {
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
