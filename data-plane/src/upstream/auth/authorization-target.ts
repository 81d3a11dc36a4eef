import { parseRepositoryName } from '../../../../common/oci/reference';
import { type Endpoint, placeName } from '../endpoint';
import { identityKey } from '../identity-key';
import type { UpstreamOrigin, UpstreamRepository } from '../upstream-registry';

/**
 * One request of a chain of redirects: the server that gets it, and the repository that it names.
 */
export interface AuthorizationTarget {
  /** The upstream. Has credentials only if the server is the configured one. */
  readonly origin: UpstreamOrigin;
  readonly server: Endpoint;
  /** Whether the server is the configured one, and not the target of a redirect. */
  readonly configured: boolean;
  /** The repository in the URL; the one that Layover asked for if the URL names none. */
  readonly name: string;
  /** The repository that Layover asked for. */
  readonly asked: string;
}

const PATH = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\/[^/]+$/;

/**
 * Returns the target of a request to `url`. Authorization belongs to the origin that asks for it:
 * a server that the upstream redirects to gets neither the credentials nor the tokens of the
 * upstream (docs/design/access.md#redirects).
 */
export function targetAt(repository: UpstreamRepository, endpoint: Endpoint, url: URL): AuthorizationTarget {
  const { origin, name: asked } = repository;
  const name = repositoryIn(url) ?? asked;
  if (url.origin === endpoint.base.origin) return { origin, server: endpoint, configured: true, name, asked };
  const server = { base: new URL(url.origin), upstream: placeName(endpoint, url) };
  return { origin: { ...origin, credentials: undefined }, server, configured: false, name, asked };
}

/** Returns the key of everything that is remembered about a server and an identity. */
export function serverKey({ origin, server }: Pick<AuthorizationTarget, 'origin' | 'server'>): string {
  return `${identityKey(origin)} ${server.base.origin}`;
}

function repositoryIn(url: URL): string | undefined {
  const name = PATH.exec(url.pathname)?.[1];
  return name === undefined ? undefined : parseRepositoryName(name);
}
