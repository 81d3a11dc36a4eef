/** The name at which the registry of Docker Hub listens. */
const DOCKER_HUB_REGISTRY = 'registry-1.docker.io';

/**
 * All host names of Docker Hub, and the name at which each is reached: `docker.io` in image names,
 * `index.docker.io` of the login of Docker, `hub.docker.com` of the web site, which Harbor names as
 * the endpoint, and `registry.hub.docker.com`, which answers as a registry itself.
 */
const DOCKER_HUB_HOSTS: ReadonlyMap<string, string> = new Map([
  ['docker.io', DOCKER_HUB_REGISTRY],
  ['index.docker.io', DOCKER_HUB_REGISTRY],
  ['hub.docker.com', DOCKER_HUB_REGISTRY],
  [DOCKER_HUB_REGISTRY, DOCKER_HUB_REGISTRY],
  ['registry.hub.docker.com', 'registry.hub.docker.com'],
]);

const HOST = /^(?:[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/;

/**
 * Returns the URL at which a registry is reached, with the path `/`. `host` is host[:port]. The
 * host is in its canonical form: lower case, one spelling of each IP address, no default port, and
 * the registry of Docker Hub for its other names
 * (docs/design/pull-semantics.md#addressing). Returns undefined if `host` is not host[:port].
 */
export function registryUrl(host: string, insecure: boolean): URL | undefined {
  const text = `${insecure ? 'http' : 'https'}://${host}/`;
  if (!HOST.test(host) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.port === '') url.hostname = DOCKER_HUB_HOSTS.get(url.hostname) ?? url.hostname;
  return url;
}

/**
 * Returns whether host[:port] names Docker Hub. The default port, of HTTPS or HTTP, may be left
 * out.
 */
export function isDockerHub(host: string): boolean {
  return DOCKER_HUB_HOSTS.has(host.toLowerCase().replace(/:(?:443|80)$/, ''));
}
