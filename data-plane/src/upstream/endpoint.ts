import { LayoverError } from '../../../common/errors/layover-error';
import type { UpstreamOrigin } from './upstream-registry';

/** The address at which an upstream is reached. */
export interface Endpoint {
  /** Scheme, host and port; path `/`. */
  readonly base: URL;
  /** The host as the user wrote it, for messages. */
  readonly upstream: string;
}

/**
 * Docker Hub's registry has another host than the one in image names
 * (docs/design/pull-semantics.md#addressing).
 */
const DOCKER_HUB_NAMES: readonly string[] = ['docker.io', 'index.docker.io'];
const DOCKER_HUB_REGISTRY = 'registry-1.docker.io';

const HOST = /^(?:[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/;

/**
 * Returns the endpoint of an origin. Throws UPSTREAM_UNREACHABLE if the host is not `host[:port]`.
 */
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
 * Returns the name of a place for messages: the upstream, and the host to which it redirected.
 * Never contains a path or query string, because signed URLs are secrets
 * (docs/design/access.md#redirects).
 */
export function placeName(endpoint: Endpoint, url: URL): string {
  return url.host === endpoint.base.host ? endpoint.upstream : `${endpoint.upstream} (at ${url.host})`;
}
