import type { OrganizationConfiguration } from './configuration';

/**
 * Returns whether all cached data of an organization must be forgotten when `after` replaces
 * `before`. This is true if the organization was removed (`after` is undefined) or its upstream
 * changed. A change of credentials does not count, because the content still belongs to the same
 * upstream.
 */
export function mustForget(before: OrganizationConfiguration, after: OrganizationConfiguration | undefined): boolean {
  return after === undefined || before.proxyCache?.originVersion !== after.proxyCache?.originVersion;
}
