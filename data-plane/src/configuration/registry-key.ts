import { isDockerHub, registryUrl } from '../../../common/oci/registry-host';
import type { OrganizationConfiguration } from './configuration';

/** The name under which all host names of Docker Hub are known. */
const DOCKER_HUB = 'docker.io';

/**
 * Returns one text for all spellings of the host of a registry: lower case, without the default
 * port of its scheme, and `docker.io` for every name of Docker Hub. A text that is no host stays as
 * it is.
 */
export function registryKey(host: string, insecure: boolean): string {
  if (isDockerHub(host)) return DOCKER_HUB;
  return registryUrl(host, insecure)?.host ?? host.toLowerCase();
}

/**
 * Returns the key of the registry that an organization answers for in the mirror form
 * (docs/design/pull-semantics.md#addressing): its mirror host; without one the host of its
 * upstream, unless a namespace is put in front of the repositories. Undefined if there is none.
 */
export function mirroredRegistry({ proxyCache }: OrganizationConfiguration): string | undefined {
  if (proxyCache === undefined) return undefined;
  const { mirrorHost, upstreamHost, upstreamNamespace, insecure } = proxyCache;
  if (mirrorHost !== '') return registryKey(mirrorHost, insecure);
  return upstreamNamespace === '' ? registryKey(upstreamHost, insecure) : undefined;
}
