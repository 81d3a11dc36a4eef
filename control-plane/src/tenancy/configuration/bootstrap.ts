import { SYSTEM_ACTOR } from '../../audit/audit-event';
import type { DesiredSettings } from '../organizations/organization';
import type { OrganizationService } from '../organizations/organization.service';
import { validateOrganization } from '../organizations/validate-organization';
import { isApiError } from '../../errors/api-error';

/**
 * Organizations that the first start creates, with their upstreams (LAYOVER_BOOTSTRAP,
 * docs/design/configuration.md#first-start).
 */
export const BOOTSTRAP_ORGANIZATIONS: readonly (readonly [name: string, host: string])[] = [
  ['docker', 'docker.io'],
  ['quay', 'quay.io'],
  ['ghcr', 'ghcr.io'],
  ['gcr', 'gcr.io'],
  ['k8s', 'registry.k8s.io'],
  ['mcr', 'mcr.microsoft.com'],
];

/**
 * Creates the public organizations that do not exist. If a start was interrupted, the next start
 * creates the remaining ones.
 */
export async function bootstrapOrganizations(organizations: OrganizationService): Promise<void> {
  for (const [name, host] of BOOTSTRAP_ORGANIZATIONS) {
    try {
      // Version 0: creates the organization only if it does not exist.
      await organizations.apply(name, publicMirrorOf(name, host), 0, { actor: SYSTEM_ACTOR, isAdmin: true });
    } catch (error) {
      if (!isApiError(error) || (error.code !== 'VERSION_CONFLICT' && error.code !== 'CONFLICT')) throw error;
    }
  }
}

function publicMirrorOf(name: string, host: string): DesiredSettings {
  return validateOrganization({
    name,
    description: `Mirror of ${host}`,
    proxyCache: { upstream: host, mirrorHost: host },
  });
}
