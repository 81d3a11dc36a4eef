import type { Organization, ProxyCache } from '../../../control-plane/src/tenancy/organizations/organization';
import { OrganizationStore } from '../../../control-plane/src/tenancy/organizations/organization.store';
import type { Queries } from '../../../control-plane/src/db/database';

/** An organization that was made for a measure. */
export interface SeedOrganization {
  readonly name: string;
  readonly uid: string;
  readonly originVersion: string;
}

/** Makes the `number`th organization, without a quota, as one that a user made at `now` with the defaults of a new one but for `proxyCache`. */
export async function seedOrganization(
  queries: Queries,
  number: number,
  now: number,
  proxyCache: (uid: string) => Partial<ProxyCache> = () => ({}),
): Promise<SeedOrganization> {
  const tail = String(number).padStart(12, '0');
  const seeded = {
    name: `bench-${number}`,
    uid: `00000000-0000-7000-8000-${tail}`,
    originVersion: `00000000-0000-7000-9000-${tail}`,
  };
  const organization: Organization = {
    uid: seeded.uid,
    name: seeded.name,
    description: '',
    visibility: 'PUBLIC',
    timeMachineSeconds: 1_209_600,
    version: 1,
    createdAt: now,
    updatedAt: now,
    quota: undefined,
    scanPolicy: undefined,
    proxyCache: {
      enabled: true,
      upstreamHost: 'registry.example',
      upstreamNamespace: '',
      mirrorHost: undefined,
      username: undefined,
      sealedPassword: undefined,
      credentialVersion: seeded.originVersion,
      originVersion: seeded.originVersion,
      originSince: now,
      insecure: false,
      caCertificate: undefined,
      expirationSeconds: 86_400,
      revalidateAfterSeconds: 0,
      staleIfErrorSeconds: undefined,
      onUpstreamDelete: 'KEEP',
      completeImages: false,
      allowRepositories: [],
      denyRepositories: [],
      ...proxyCache(seeded.uid),
    },
  };
  await new OrganizationStore().insert(queries, organization);
  return seeded;
}
