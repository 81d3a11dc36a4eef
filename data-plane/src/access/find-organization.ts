import { LayoverError } from '../../../common/errors/layover-error';
import type { ConfigurationSnapshot, OrganizationConfiguration } from '../configuration/configuration';

/** Whom a request is addressed to: an organization by its name, or by the host that it mirrors (`?ns=`). */
export type Owner =
  { readonly kind: 'organization'; readonly name: string } | { readonly kind: 'mirror-host'; readonly host: string };

/**
 * The organization that answers to an address (docs/design/pull-semantics.md#addressing). A mirror
 * host must be one that is configured, never free-form; hosts compare without regard to case.
 * Throws NAME_UNKNOWN, naming what was asked for.
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
        ? `there is no organization named "${owner.name}"; the first component of a path names one`
        : `no organization mirrors the host "${owner.host}"`,
    detail: owner.kind === 'organization' ? { organization: owner.name } : { mirrorHost: owner.host },
  });
}
