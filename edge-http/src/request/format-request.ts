import { formatReference } from '../../../common/oci/reference';
import type { RepositoryAddress } from '../registry/registry-reader';
import type { RegistryRequest } from './registry-request';

/**
 * Returns the name as the client wrote it: `<organization>/<repository>`, or only the repository in
 * the other forms.
 */
export function formatName(address: RepositoryAddress): string {
  return address.owner === 'organization' ? `${address.organization}/${address.repository}` : address.repository;
}

/**
 * Returns the target of a request, which {@link parseRequest} parses to an equal request. Used for
 * links to next pages.
 */
export function formatTarget(request: Exclude<RegistryRequest, { kind: 'push' }>): string {
  switch (request.kind) {
    case 'ping':
      return '/v2/';
    case 'get-manifest':
      return `/v2/${formatName(request.address)}/manifests/${formatReference(request.reference)}${query(namespace(request.address))}`;
    case 'get-blob':
      return `/v2/${formatName(request.address)}/blobs/${request.digest}${query(namespace(request.address))}`;
    case 'list-tags':
      return `/v2/${formatName(request.address)}/tags/list${query([
        ['n', request.limit === undefined ? '' : String(request.limit)],
        ['last', request.last],
        ['page', request.page],
        ...namespace(request.address),
      ])}`;
    case 'list-repositories':
      return `/v2/_catalog${query([
        ['n', request.limit === undefined ? '' : String(request.limit)],
        ['last', request.last],
      ])}`;
    case 'list-referrers':
      return `/v2/${formatName(request.address)}/referrers/${request.digest}${query([
        ['artifactType', request.artifactType],
        ['page', request.page],
        ...namespace(request.address),
      ])}`;
    case 'token':
      return `/token${query([['service', request.service], ...request.scopes.map((scope): Pair => ['scope', scope])])}`;
    case 'healthz':
    case 'readyz':
    case 'metrics':
      return `/${request.kind}`;
  }
}

type Pair = readonly [name: string, value: string];

function namespace(address: RepositoryAddress): Pair[] {
  if (address.owner === 'organization' || address.mirrorHost === undefined) return [];
  return [['ns', address.mirrorHost]];
}

/** Formats a query. Parameters without a value are omitted. */
function query(pairs: readonly Pair[]): string {
  const given = pairs.filter(([, value]) => value !== '');
  if (given.length === 0) return '';
  return `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}
