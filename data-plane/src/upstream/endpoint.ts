import { LayoverError } from '../../../common/errors/layover-error';
import { registryUrl } from '../../../common/oci/registry-host';
import type { UpstreamOrigin } from './upstream-registry';

/** The address at which an upstream is reached. */
export interface Endpoint {
  /** Scheme, host and port; path `/`. */
  readonly base: URL;
  /** The host as the user wrote it, for messages. */
  readonly upstream: string;
}

/**
 * Returns the endpoint of an origin. Throws UPSTREAM_UNREACHABLE if the host is not `host[:port]`.
 */
export function endpointOf(origin: UpstreamOrigin): Endpoint {
  const base = registryUrl(origin.host, origin.insecure);
  if (base === undefined) {
    throw new LayoverError('UPSTREAM_UNREACHABLE', {
      message: 'the configured upstream is not a host name with an optional port; correct the configuration',
    });
  }
  return { base, upstream: origin.host };
}

/**
 * Returns the name of a place for messages: the upstream, and the host to which it redirected.
 * Never contains a path or query string, because signed URLs are secrets
 * (docs/design/access.md#redirects).
 */
export function placeName(endpoint: Endpoint, url: URL): string {
  return url.host === endpoint.base.host ? endpoint.upstream : `${endpoint.upstream} (at ${url.host})`;
}
