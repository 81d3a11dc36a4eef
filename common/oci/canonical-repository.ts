/**
 * Host names of Docker Hub. Only for these hosts a name of one component means `library/<name>`.
 */
const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** Returns whether a host name (without port, in lower case) is one of Docker Hub's. */
export function isDockerHub(host: string): boolean {
  return DOCKER_HUB_HOSTS.has(host);
}

/** Where an organization pulls from: the host, and the namespace in front of every repository. */
export interface UpstreamPlace {
  /** host[:port] as the user wrote it, in lower case. */
  readonly upstreamHost: string;
  /** Empty means none. */
  readonly upstreamNamespace: string;
}

/**
 * Returns the canonical name of a repository for all spellings that clients use: on Docker Hub,
 * `alpine` and `library/alpine` are the same repository. The name is rewritten here and never by a
 * redirect (docs/design/pull-semantics.md#addressing). If the organization has a namespace, nothing
 * is added: `grafana` in `docker.io/grafana` is `grafana/grafana`.
 */
export function canonicalRepository(upstream: UpstreamPlace, repository: string): string {
  const isShortHubName =
    DOCKER_HUB_HOSTS.has(upstream.upstreamHost) && upstream.upstreamNamespace === '' && !repository.includes('/');
  return isShortHubName ? `library/${repository}` : repository;
}

/**
 * Returns the complete name of a canonical repository at the upstream: the namespace of the
 * organization, followed by the name.
 */
export function upstreamRepositoryName(upstream: UpstreamPlace, canonical: string): string {
  return upstream.upstreamNamespace === '' ? canonical : `${upstream.upstreamNamespace}/${canonical}`;
}

/**
 * Returns all spellings of a repository that patterns may use: the canonical name, the complete
 * name at the upstream, and the short name of Docker Hub's own images.
 */
export function spellingsOf(upstream: UpstreamPlace, canonical: string): readonly string[] {
  const complete = upstreamRepositoryName(upstream, canonical);
  const spellings = complete === canonical ? [canonical] : [canonical, complete];
  const short = canonical.startsWith('library/') ? canonical.slice('library/'.length) : '';
  return short !== '' && canonicalRepository(upstream, short) === canonical ? [...spellings, short] : spellings;
}
