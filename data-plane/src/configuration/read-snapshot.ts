import type { ConfigurationSnapshot__Output } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ConfigurationSnapshot, OrganizationConfiguration } from './configuration';
import { check, KEY_BYTES, readOrganization } from './read-organization';

/**
 * The configuration in a wire snapshot (catalog.proto), checked as a whole: one field out of range and the snapshot is refused, for
 * half a configuration would open or close what nobody decided. Throws a SnapshotError. Mirror hosts are keyed in lower case.
 */
export function readSnapshot(wire: ConfigurationSnapshot__Output): ConfigurationSnapshot {
  const organizationsByName = new Map<string, OrganizationConfiguration>();
  const organizationsByMirrorHost = new Map<string, OrganizationConfiguration>();
  const uids = new Set<string>();
  for (const one of wire.organizations) {
    const organization = readOrganization(one);
    check(!uids.has(organization.uid), `organization ${organization.name}`, 'has the uid of another');
    check(!organizationsByName.has(organization.name), `organization ${organization.name}`, 'is there twice');
    uids.add(organization.uid);
    organizationsByName.set(organization.name, organization);
    const mirrorHost = organization.proxyCache?.mirrorHost.toLowerCase() ?? '';
    if (mirrorHost === '') continue;
    check(!organizationsByMirrorHost.has(mirrorHost), `mirror host ${mirrorHost}`, 'belongs to two organizations');
    organizationsByMirrorHost.set(mirrorHost, organization);
  }
  check(wire.revision >= 0, 'revision', 'is negative');
  check(wire.settings !== null, 'settings', 'are missing');
  return {
    revision: wire.revision,
    organizationsByName,
    organizationsByMirrorHost,
    proxyCacheEnabled: wire.settings!.proxyCacheEnabled,
    tokenKeys: wire.tokenKeys.map(({ id, secret }) => {
      check(id !== '', 'a token key', 'has no id');
      check(secret.length === KEY_BYTES, `token key ${id}`, `is not ${KEY_BYTES} bytes`);
      return { id, secret: Buffer.from(secret) };
    }),
  };
}
