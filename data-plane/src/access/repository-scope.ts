import type { PullTarget } from './pull-target';

/**
 * Returns the key within which work and knowledge about a repository may be shared: same
 * organization, same upstream and same credentials. Nothing is shared between organizations
 * (docs/design/pull-semantics.md#right-to-read). The parts cannot contain the line breaks that
 * separate them.
 */
export function repositoryScope({ key, proxy }: PullTarget): string {
  return `${key.organizationUid}\n${key.originVersion}\n${proxy.credentialVersion}\n${key.repository}`;
}
