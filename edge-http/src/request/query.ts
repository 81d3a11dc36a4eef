import type { ErrorKey } from '../../../common/errors/catalogue';
import { requestError } from './request-error';

/** Largest page of tags that a client may request. The limit of the upstream may be lower. */
export const MAX_PAGE_SIZE = 10_000;

/** Names of machines in private networks may contain underscores. */
const HOST_PORT =
  /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/;
/** Media type: type/subtype (RFC 6838 section 4.2). */
const MEDIA_TYPE = /^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}\/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$/;
const PRINTABLE = /^[\x21-\x7e]*$/;

/**
 * Returns the value of a parameter; undefined if it is absent. Throws `key` if it is repeated,
 * because its meaning is then ambiguous.
 */
export function single(query: URLSearchParams, name: string, key: ErrorKey = 'REQUEST_INVALID'): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw requestError(key, name, values.join(','), 'must be given only once');
  return values[0];
}

/**
 * Returns the registry host of a mirror request in lower case (containerd's `ns`; OCI distribution
 * specification, "Registry Proxying"). Only host[:port] without user and path is valid
 * (docs/design/pull-semantics.md#addressing). An empty value names none, like an absent one. Throws
 * NAME_INVALID otherwise.
 */
export function readNamespace(query: URLSearchParams): string | undefined {
  const value = single(query, 'ns', 'NAME_INVALID');
  if (value === undefined || value === '') return undefined;
  const host = value.toLowerCase();
  const match = host.length <= 255 ? HOST_PORT.exec(host) : null;
  const port = match?.[1];
  if (match === null || (port !== undefined && (Number(port) < 1 || Number(port) > 65535)))
    throw requestError(
      'NAME_INVALID',
      'ns',
      value,
      'must be the host of a registry, for example docker.io or localhost:5000',
    );
  return host;
}

/**
 * Returns `n` of a tag list: an integer from 0 to {@link MAX_PAGE_SIZE}. Throws PAGINATION_INVALID
 * otherwise.
 */
export function readPageSize(query: URLSearchParams): number | undefined {
  const value = single(query, 'n', 'PAGINATION_INVALID');
  if (value === undefined) return undefined;
  const size = /^\d{1,9}$/.test(value) ? Number(value) : Infinity;
  if (size <= MAX_PAGE_SIZE) return size;
  throw requestError('PAGINATION_INVALID', 'n', value, `must be an integer from 0 to ${MAX_PAGE_SIZE}`, {
    max: MAX_PAGE_SIZE,
  });
}

/**
 * Returns a value of at most `max` visible ASCII characters; empty if it is absent. `last` does not
 * have to be a valid tag, because upstreams differ.
 */
export function readToken(query: URLSearchParams, name: string, max: number, key: ErrorKey): string {
  const value = single(query, name, key) ?? '';
  if (value.length <= max && PRINTABLE.test(value)) return value;
  throw requestError(key, name, value, `must be at most ${max} visible ASCII characters`);
}

/**
 * Returns `artifactType` of a referrers list: a media type; empty if it is absent. Throws
 * REQUEST_INVALID otherwise.
 */
export function readArtifactType(query: URLSearchParams): string {
  const value = single(query, 'artifactType') ?? '';
  if (value === '' || MEDIA_TYPE.test(value)) return value;
  throw requestError(
    'REQUEST_INVALID',
    'artifactType',
    value,
    'must be a media type, for example application/example+json',
  );
}
