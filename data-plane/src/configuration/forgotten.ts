import type { OrganizationConfiguration } from './configuration';

/**
 * Returns whether everything must be forgotten that is cached of an organization when `after`
 * follows `before`: it is gone (undefined), or its upstream is another now. A change of credentials
 * forgets nothing: what the repository holds is still this upstream's.
 */
export function mustForget(before: OrganizationConfiguration, after: OrganizationConfiguration | undefined): boolean {
  return after === undefined || before.proxyCache?.originVersion !== after.proxyCache?.originVersion;
}
