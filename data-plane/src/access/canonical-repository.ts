import { isDockerHub } from '../../../common/oci/registry-host';
import type { ProxyCacheConfiguration } from '../configuration/configuration';

type Upstream = Pick<ProxyCacheConfiguration, 'upstreamHost' | 'upstreamNamespace'>;

/**
 * Returns the canonical name of a repository for all spellings that clients use: on Docker Hub,
 * `alpine` and `library/alpine` are the same repository. The name is rewritten here and never by a
 * redirect (docs/design/pull-semantics.md#addressing). If the organization has a namespace, nothing
 * is added: `grafana` in `docker.io/grafana` is `grafana/grafana`.
 */
export function canonicalRepository(upstream: Upstream, repository: string): string {
  const isShortHubName =
    !repository.includes('/') && upstream.upstreamNamespace === '' && isDockerHub(upstream.upstreamHost);
  return isShortHubName ? `library/${repository}` : repository;
}

/**
 * Returns the complete name of a canonical repository at the upstream: the namespace of the
 * organization, followed by the name.
 */
export function upstreamRepositoryName(upstream: Upstream, canonical: string): string {
  return upstream.upstreamNamespace === '' ? canonical : `${upstream.upstreamNamespace}/${canonical}`;
}

/**
 * Returns all spellings of a repository that patterns may use: the canonical name, the complete
 * name at the upstream, and the short name of Docker Hub's own images.
 */
export function spellingsOf(upstream: Upstream, canonical: string): readonly string[] {
  const complete = upstreamRepositoryName(upstream, canonical);
  const spellings = complete === canonical ? [canonical] : [canonical, complete];
  const short = canonical.startsWith('library/') ? canonical.slice('library/'.length) : '';
  return short !== '' && canonicalRepository(upstream, short) === canonical ? [...spellings, short] : spellings;
}
