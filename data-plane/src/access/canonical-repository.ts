import type { ProxyCacheConfiguration } from '../configuration/configuration';

/** Hosts under which Docker Hub is known; only there a name of one component means `library/<name>`. */
const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

type Upstream = Pick<ProxyCacheConfiguration, 'upstreamHost' | 'upstreamNamespace'>;

/**
 * The one name of a repository whichever way a client spells it: `alpine` and `library/alpine` of
 * Docker Hub are the same repository. Rewritten here and never by a redirect
 * (docs/design/pull-semantics.md#addressing). With a namespace nothing is added: `grafana` below
 * `docker.io/grafana` is `grafana/grafana`.
 */
export function canonicalRepository(upstream: Upstream, repository: string): string {
  const isShortHubName =
    DOCKER_HUB_HOSTS.has(upstream.upstreamHost) && upstream.upstreamNamespace === '' && !repository.includes('/');
  return isShortHubName ? `library/${repository}` : repository;
}

/** The complete name at the upstream of a canonical repository: the organization's namespace goes in front. */
export function upstreamRepositoryName(upstream: Upstream, canonical: string): string {
  return upstream.upstreamNamespace === '' ? canonical : `${upstream.upstreamNamespace}/${canonical}`;
}

/** Every spelling a pattern may be written for: canonical, complete at the upstream, and short for Docker Hub's own images. */
export function spellingsOf(upstream: Upstream, canonical: string): readonly string[] {
  const complete = upstreamRepositoryName(upstream, canonical);
  const spellings = complete === canonical ? [canonical] : [canonical, complete];
  const short = canonical.startsWith('library/') ? canonical.slice('library/'.length) : '';
  return short !== '' && canonicalRepository(upstream, short) === canonical ? [...spellings, short] : spellings;
}
