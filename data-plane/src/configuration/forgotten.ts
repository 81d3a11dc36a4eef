import type { ConfigurationSnapshot, OrganizationConfiguration } from './configuration';

/**
 * Organizations (by uid) of which everything must be forgotten when one snapshot follows another: those that are gone, and
 * those whose upstream is another now. A change of credentials forgets nothing: what the repository holds is still this upstream's.
 */
export function organizationsToForget(before: ConfigurationSnapshot, after: ConfigurationSnapshot): string[] {
  const now = new Map(organizationsOf(after).map((one) => [one.uid, one]));
  return organizationsOf(before)
    .filter(({ uid, proxyCache }) => {
      const same = now.get(uid);
      return same === undefined || proxyCache?.originVersion !== same.proxyCache?.originVersion;
    })
    .map(({ uid }) => uid);
}

function organizationsOf(snapshot: ConfigurationSnapshot): OrganizationConfiguration[] {
  return [...snapshot.organizationsByName.values()];
}
