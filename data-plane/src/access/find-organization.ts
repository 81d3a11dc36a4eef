import { LayoverError } from '../../../common/errors/layover-error';
import type { ConfigurationSnapshot, OrganizationConfiguration } from '../configuration/configuration';

/**
 * The organization that a request addresses: by its name, or by the host that it mirrors (`?ns=`).
 */
export type Owner =
  { readonly kind: 'organization'; readonly name: string } | { readonly kind: 'mirror-host'; readonly host: string };

/**
 * Returns the organization for an address (docs/design/pull-semantics.md#addressing). A mirror host
 * must be configured; hosts are compared without regard to case. Throws NAME_UNKNOWN with the
 * requested name or host.
 */
export function findOrganization(snapshot: ConfigurationSnapshot, owner: Owner): OrganizationConfiguration {
  const found =
    owner.kind === 'organization'
      ? snapshot.organizationsByName.get(owner.name)
      : snapshot.organizationsByMirrorHost.get(owner.host.toLowerCase());
  if (found !== undefined) return found;
  throw new LayoverError('NAME_UNKNOWN', {
    message:
      owner.kind === 'organization'
        ? `organization "${owner.name}" does not exist; the first component of a path must be an organization`
        : `no organization mirrors the host "${owner.host}"; an operator can configure it as a mirror host`,
    detail: owner.kind === 'organization' ? { organization: owner.name } : { mirrorHost: owner.host },
  });
}
