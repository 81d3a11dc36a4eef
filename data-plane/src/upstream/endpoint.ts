import { LayoverError } from '../../../common/errors/layover-error';
import type { UpstreamOrigin } from './upstream-registry';

/** Where an upstream is really reached. */
export interface Endpoint {
  /** Scheme, host and port; path `/`. */
  readonly base: URL;
  /** The host as the user wrote it, for messages. */
  readonly upstream: string;
}

/**
 * Docker Hub's registry is not at the name that images carry
 * (docs/design/pull-semantics.md#addressing).
 */
const DOCKER_HUB_NAMES: readonly string[] = ['docker.io', 'index.docker.io'];
const DOCKER_HUB_REGISTRY = 'registry-1.docker.io';

const HOST = /^(?:[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/;

/** The endpoint of an origin. Throws UPSTREAM_UNREACHABLE where the host is no `host[:port]`. */
export function endpointOf(origin: UpstreamOrigin): Endpoint {
  const name = DOCKER_HUB_NAMES.includes(origin.host.toLowerCase()) ? DOCKER_HUB_REGISTRY : origin.host;
  const text = `${origin.insecure ? 'http' : 'https'}://${name}/`;
  if (!HOST.test(name) || !URL.canParse(text)) {
    throw new LayoverError('UPSTREAM_UNREACHABLE', {
      message: 'the configured upstream is not a host name with an optional port; correct the configuration',
    });
  }
  return { base: new URL(text), upstream: origin.host };
}

/**
 * How messages name a place: the upstream, and where it sent us to when that is another host. Never
 * a path or a query string: signed URLs are secrets (docs/design/access.md#redirects).
 */
export function placeName(endpoint: Endpoint, url: URL): string {
  return url.host === endpoint.base.host ? endpoint.upstream : `${endpoint.upstream} (at ${url.host})`;
}
