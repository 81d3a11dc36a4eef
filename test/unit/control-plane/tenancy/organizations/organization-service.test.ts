import {
  OrganizationService,
  type OrganizationServiceParts,
} from '../../../../../control-plane/src/tenancy/organizations/organization.service';
import { validateOrganization } from '../../../../../control-plane/src/tenancy/organizations/validate-organization';

test('a manager whose organization was deleted meanwhile does not create it again', async () => {
  const inserted: unknown[] = [];
  const parts = {
    database: { transaction: (work: (queries: object) => Promise<unknown>) => work({}) },
    organizations: {
      lockByName: () => Promise.resolve(undefined),
      nameByMirrorHost: () => Promise.resolve(undefined),
      insert: (_queries: object, organization: unknown) => Promise.resolve(inserted.push(organization)),
    },
    clock: { now: () => 0 },
    box: {},
    identities: {},
    revision: { bump: () => Promise.resolve() },
    audit: { append: () => Promise.resolve() },
    content: {},
  } as unknown as OrganizationServiceParts;
  const service = new OrganizationService(parts);
  const desired = validateOrganization({
    name: 'acme',
    proxyCache: { upstream: 'evil.example', mirrorHost: 'gcr.io', trustedRealms: ['evil.example'] },
  });
  const manager = { actor: 'token:manager', isAdmin: false };
  for (const change of [
    () => service.apply('acme', desired, undefined, manager),
    () => service.create('acme', desired, manager),
  ])
    await expect(change()).rejects.toMatchObject({ code: 'FORBIDDEN', field: 'input.name' });
  expect(inserted).toEqual([]);
  await service.apply('acme', desired, undefined, { ...manager, isAdmin: true });
  expect(inserted).toHaveLength(1);
});
