import type { PullTarget } from './pull-target';

/**
 * Under which key work and knowledge of a repository may be shared: same organization, same
 * upstream, same credentials. Never between organizations
 * (docs/design/pull-semantics.md#right-to-read). A line break cannot stand in any part.
 */
export function repositoryScope({ key, proxy }: PullTarget): string {
  return `${key.organizationUid}\n${key.originVersion}\n${proxy.credentialVersion}\n${key.repository}`;
}
