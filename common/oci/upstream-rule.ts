import { canonicalRepository, spellingsOf, type UpstreamPlace } from './canonical-repository';
import { compileRepositoryRule } from './repository-patterns';

/** What limits the repositories that an organization may pull from its upstream. */
export interface PullScope extends UpstreamPlace {
  readonly allowRepositories: readonly string[];
  readonly denyRepositories: readonly string[];
}

/**
 * Decides whether an organization may pull a repository, given its complete name at the upstream.
 */
export type UpstreamRule = (upstreamRepository: string) => boolean;

/**
 * Compiles which repositories of its upstream an organization may pull: those below its namespace
 * that its allow and deny patterns permit. Takes complete names at the upstream, which are the same
 * for all organizations over one upstream. It decides whether a proof from one repository is good
 * for an organization (docs/design/pull-semantics.md#right-to-read), in the data plane and in the
 * control plane.
 */
export function compileUpstreamRule(scope: PullScope): UpstreamRule {
  const { upstreamNamespace, allowRepositories, denyRepositories } = scope;
  const prefix = upstreamNamespace === '' ? '' : `${upstreamNamespace}/`;
  const permits =
    allowRepositories.length + denyRepositories.length === 0
      ? undefined
      : compileRepositoryRule(allowRepositories, denyRepositories);
  return (upstreamRepository) => {
    const repository = upstreamRepository.slice(prefix.length);
    // A name that is not canonical, such as `alpine` on Docker Hub, names no repository.
    if (!upstreamRepository.startsWith(prefix) || repository === '') return false;
    if (canonicalRepository(scope, repository) !== repository) return false;
    return permits === undefined || permits(spellingsOf(scope, repository)) === 'allowed';
  };
}
