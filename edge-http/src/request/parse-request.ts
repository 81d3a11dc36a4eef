import type { LayoverError } from '../../../common/errors/layover-error';
import { type Digest, parseDigest } from '../../../common/oci/digest';
import {
  MAX_REPOSITORY_LENGTH,
  type Reference,
  type RepositoryName,
  parseReference,
  parseRepositoryName,
} from '../../../common/oci/reference';
import type { RepositoryAddress } from '../registry/registry-reader';
import { readArtifactType, readNamespace, readPageSize, readToken } from './query';
import { OFFLOAD_PATH } from './offload-path';
import type { RegistryRequest, TokenRequest } from './registry-request';
import { NO_SITE, type Site } from './site';
import { requestError } from './request-error';

/**
 * Longest accepted path. A name of 255 characters, a digest of 135 and the fixed parts are shorter.
 */
export const MAX_PATH_LENGTH = 4096;

/** Longest page token. Data planes write none that is longer. */
const MAX_PAGE_TOKEN = 8192;
/** Longest position in a list. */
const MAX_LAST = 1024;
/** More are left out: a token for so many would be too long for a header. */
const MAX_SCOPES = 100;
const MAX_SCOPE_LENGTH = 512;
const MAX_SERVICE_LENGTH = 255;

const NO_QUERY = new URLSearchParams();
/**
 * Parts that no valid name has: percent-encoding, a dot segment, an empty component
 * (docs/design/pull-semantics.md#request-parsing).
 */
const SUSPICIOUS = /%|\/\.{1,2}(?:\/|$)|\/\/|\\/;

/**
 * Parses the method and the raw target of a request. Nothing is decoded or normalized before the
 * grammar is checked (OCI distribution specification;
 * docs/design/pull-semantics.md#request-parsing). Unknown query parameters are ignored. `site` is
 * what the host name of the request means. Throws a LayoverError that names the field:
 * NAME_INVALID, TAG_INVALID, DIGEST_INVALID, PAGINATION_INVALID, REQUEST_INVALID, URI_TOO_LONG,
 * WRITE_UNSUPPORTED (method not allowed for a path outside /v2/), NOT_FOUND.
 */
export function parseRequest(method: string, target: string, site: Site = NO_SITE): RegistryRequest {
  const mark = target.indexOf('?');
  const path = originForm(mark === -1 ? target : target.slice(0, mark));
  if (path.length > MAX_PATH_LENGTH)
    throw requestError('URI_TOO_LONG', 'path', path, `is longer than ${MAX_PATH_LENGTH} characters`, {
      length: path.length,
      max: MAX_PATH_LENGTH,
    });
  const query = mark === -1 ? NO_QUERY : new URLSearchParams(target.slice(mark + 1));
  const isRead = method === 'GET' || method === 'HEAD';
  if (path.startsWith('/v2/') || path === '/v2')
    return isRead ? parseRead(method === 'HEAD', path, query, site) : { kind: 'push', method };
  return parseOtherPath(method, path, query);
}

/**
 * Returns the path of a target, also of one in absolute form, which a server must accept (RFC 9112
 * section 3.2.2).
 */
function originForm(path: string): string {
  if (path.startsWith('/')) return path;
  const match = /^https?:\/\/[^/]*(\/.*)?$/i.exec(path);
  return match === null ? path : (match[1] ?? '/');
}

function parseRead(head: boolean, path: string, query: URLSearchParams, site: Site): RegistryRequest {
  if (path === '/v2/' || path === '/v2') return { kind: 'ping', head };
  if (path === '/v2/_catalog')
    return {
      kind: 'list-repositories',
      head,
      hostOrganization: site.organization,
      limit: readPageSize(query),
      last: readToken(query, 'last', MAX_LAST, 'PAGINATION_INVALID'),
    };
  // From the right, because components of names may be called manifests, blobs, tags or referrers.
  const parts = path.split('/').slice(2);
  const last = parts[parts.length - 1]!;
  const keyword = parts[parts.length - 2];
  const rest = parts.slice(0, -2);
  switch (keyword) {
    case 'manifests':
      return {
        kind: 'get-manifest',
        head,
        address: parseAddress(rest, query, site),
        reference: requireReference(last),
      };
    case 'blobs':
      return { kind: 'get-blob', head, address: parseAddress(rest, query, site), digest: requireDigest(last) };
    case 'referrers':
      return {
        kind: 'list-referrers',
        head,
        address: parseAddress(rest, query, site),
        digest: requireDigest(last),
        artifactType: readArtifactType(query),
        page: readToken(query, 'page', MAX_PAGE_TOKEN, 'PAGINATION_INVALID'),
      };
    case 'tags':
      if (last !== 'list') break;
      return {
        kind: 'list-tags',
        head,
        address: parseAddress(rest, query, site),
        limit: readPageSize(query),
        last: readToken(query, 'last', MAX_LAST, 'PAGINATION_INVALID'),
        page: readToken(query, 'page', MAX_PAGE_TOKEN, 'PAGINATION_INVALID'),
      };
    case 'uploads':
      // end-13: the status of an upload, a part of pushing.
      if (parts[parts.length - 3] === 'blobs') return { kind: 'push', method: head ? 'HEAD' : 'GET' };
      break;
    default:
  }
  if (SUSPICIOUS.test(path))
    throw requestError(
      'NAME_INVALID',
      'path',
      path,
      'must not contain percent-encoding, dot segments or empty components',
    );
  throw notFound(path);
}

function parseAddress(components: readonly string[], query: URLSearchParams, site: Site): RepositoryAddress {
  const text = components.join('/');
  const name = parseRepositoryName(text);
  if (name === undefined)
    throw requestError(
      'NAME_INVALID',
      'name',
      text,
      text.length > MAX_REPOSITORY_LENGTH
        ? `is longer than ${MAX_REPOSITORY_LENGTH} characters`
        : 'is invalid: only components of lower-case letters and digits, joined by ".", "_", "__" or "-" and separated by "/", are allowed',
    );
  const namespace = query === NO_QUERY ? undefined : readNamespace(query);
  // A client that knows Layover itself as the registry names Layover.
  const mirrorHost = namespace !== undefined && site.isOwnName(namespace) ? undefined : namespace;
  const { host, organization } = site;
  if (organization !== undefined) return { owner: 'host', host, organization, mirrorHost, repository: name };
  if (mirrorHost !== undefined) return { owner: 'mirror', mirrorHost, repository: name };
  if (components.length < 2)
    throw requestError(
      'NAME_INVALID',
      'name',
      text,
      'must begin with an organization, for example docker/library/alpine',
    );
  // A part of a valid name after a slash is a valid name itself.
  const repository = name.slice(components[0]!.length + 1) as RepositoryName;
  return { owner: 'organization', organization: components[0]!, repository };
}

function requireReference(given: string): Reference {
  const text = decodeColon(given);
  const reference = parseReference(text);
  if (reference !== undefined) return reference;
  if (text.includes(':')) throw invalidDigest('reference', text);
  throw requestError(
    'TAG_INVALID',
    'reference',
    text,
    'must be a tag of at most 128 letters, digits, "_", "." and "-" that does not begin with "." or "-"',
  );
}

function requireDigest(given: string): Digest {
  const digest = parseDigest(decodeColon(given));
  if (digest === undefined) throw invalidDigest('digest', given);
  return digest;
}

/**
 * Decodes the colon of a digest, which some clients encode (RFC 3986 section 3.3 allows both forms
 * in a path). Nothing else is decoded.
 */
function decodeColon(text: string): string {
  return text.replace(/^(sha\d+)%3a/i, '$1:');
}

function invalidDigest(field: string, text: string): LayoverError {
  return requestError(
    'DIGEST_INVALID',
    field,
    text,
    'must be sha256: with 64 or sha512: with 128 lower-case hex digits',
  );
}

function parseOtherPath(method: string, path: string, query: URLSearchParams): RegistryRequest {
  const head = method === 'HEAD';
  const isRead = head || method === 'GET';
  switch (path) {
    case '/token':
      if (method !== 'GET' && method !== 'POST') throw methodNotAllowed(method, 'GET, POST');
      return method === 'GET' ? parseTokenRequest(query) : { ...parseTokenRequest(query), form: true };
    case '/healthz':
    case '/readyz':
    case '/metrics':
      if (!isRead) throw methodNotAllowed(method, 'GET, HEAD');
      return { kind: path.slice(1) as 'healthz' | 'readyz' | 'metrics', head };
    default:
      throw path.startsWith(OFFLOAD_PATH) ? missedOffload(path) : notFound(path);
  }
}

/**
 * nginx without the internal locations asks the edge for their files. The blobs exist, so the
 * answer must not be that they were not found.
 */
function missedOffload(path: string): LayoverError {
  return requestError(
    'REQUEST_INVALID',
    'path',
    path,
    'must be an internal location of the nginx in front of the edge (deploy/nginx)',
  );
}

function methodNotAllowed(method: string, allow: string): LayoverError {
  return requestError(
    'WRITE_UNSUPPORTED',
    'method',
    method,
    `is not allowed for this path; allowed methods: ${allow}`,
    { allow },
  );
}

function notFound(path: string): LayoverError {
  return requestError('NOT_FOUND', 'path', path, 'is unknown. Layover serves the OCI distribution API under /v2/.');
}

/**
 * Parses the parameters of /token: `service`, and `scope`, which may be repeated or contain several
 * scopes separated by spaces (clients do both). Scopes beyond the maximum are left out, repeated
 * ones first: the token then does not cover them, as the token authentication specification has it.
 * `account`, `client_id` and `offline_token` are not needed. Throws REQUEST_INVALID for values that
 * are too long. The data plane interprets the scopes.
 */
export function parseTokenRequest(query: URLSearchParams): TokenRequest {
  const given = query.getAll('scope').flatMap((scope) => scope.split(' ').filter((part) => part !== ''));
  for (const scope of given)
    if (scope.length > MAX_SCOPE_LENGTH || !/^[\x21-\x7e]+$/.test(scope))
      throw requestError('REQUEST_INVALID', 'scope', scope, 'must have the form repository:<name>:pull');
  // The data plane counts each name once; here, repeated scopes only must not take the room.
  const scopes = given.length <= MAX_SCOPES ? given : [...new Set(given)].slice(0, MAX_SCOPES);
  return { kind: 'token', service: readToken(query, 'service', MAX_SERVICE_LENGTH, 'REQUEST_INVALID'), scopes };
}
