import type { ProxyCache } from '../../../control-plane/src/tenancy/organizations/proxy-cache';
import { OrganizationStore } from '../../../control-plane/src/tenancy/organizations/organization.store';
import { validateOrganization } from '../../../control-plane/src/tenancy/organizations/validate-organization';
import { validateProxyCache } from '../../../control-plane/src/tenancy/organizations/validate-proxy-cache';
import { anonymousIdentity } from '../../../control-plane/src/tenancy/organizations/upstream-identities';
import type { Queries } from '../../../control-plane/src/db/database';

/** An organization that was created for a measure. */
export interface SeedOrganization {
  readonly name: string;
  readonly uid: string;
  readonly originVersion: string;
}

/**
 * Inserts the `number`th organization, without a quota, as if a user had created it at `now` with
 * the defaults of a new organization, except for the settings that `proxyCacheOf` returns.
 */
export async function seedOrganization(
  queries: Queries,
  number: number,
  now: number,
  proxyCacheOf: (uid: string) => Partial<ProxyCache> = () => ({}),
): Promise<SeedOrganization> {
  const tail = String(number).padStart(12, '0');
  const seeded = {
    name: `bench-${number}`,
    uid: `00000000-0000-7000-8000-${tail}`,
    originVersion: `00000000-0000-7000-9000-${tail}`,
  };
  const input = { upstream: 'registry.example', onUpstreamDelete: 'KEEP', completeImages: false } as const;
  const settings = validateOrganization({ name: seeded.name });
  const { password: _, ...proxyCache } = validateProxyCache(input, 'input');
  await new OrganizationStore().insert(queries, {
    ...settings,
    uid: seeded.uid,
    name: seeded.name,
    version: 1,
    createdAt: now,
    updatedAt: now,
    proxyCache: {
      ...proxyCache,
      sealedPassword: undefined,
      credentialVersion: seeded.originVersion,
      originVersion: seeded.originVersion,
      originSince: now,
      accountVersion: seeded.originVersion,
      sharedIdentity: anonymousIdentity(proxyCache),
      ...proxyCacheOf(seeded.uid),
    },
  });
  return seeded;
}
