/** All host names of Docker Hub. Image names use the first one. */
const DOCKER_HUB_HOSTS: readonly string[] = [
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
];

/** Names of Docker Hub at which no registry listens, and the name at which it does. */
const DOCKER_HUB_ALIASES: readonly string[] = ['docker.io', 'index.docker.io'];
const DOCKER_HUB_REGISTRY = 'registry-1.docker.io';

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
  if (url.port === '' && DOCKER_HUB_ALIASES.includes(url.hostname)) url.hostname = DOCKER_HUB_REGISTRY;
  return url;
}

/** Returns whether host[:port] names Docker Hub. The default port may be left out. */
export function isDockerHub(host: string): boolean {
  return DOCKER_HUB_HOSTS.includes(host.toLowerCase().replace(/:443$/, ''));
}
