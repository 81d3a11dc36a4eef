import { admission, digest } from '../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(async () => {
  await plane.remove();
});

test('names are found by their bytes: not by another case, an accent, or spaces behind them', async () => {
  const repository = await plane.organization('acme');
  await plane.catalog.call('AdmitManifest', admission(repository, 'image', { tag: 'Latest' }));
  for (const name of ['ACME', 'acme ', 'acmé', 'acme\u0000', '漢字', '🚀']) {
    const { organization } = await plane.ask('query ($name: String!) { organization(name: $name) { name } }', { name });
    expect([name, organization]).toEqual([name, null]);
    expect(
      await plane.ask(
        'query ($name: String!) { auditEvents(filter: {organization: $name}) { edges { node { id } } } organizations(nameContains: $name) { totalCount } }',
        { name },
      ),
    ).toEqual({ auditEvents: { edges: [] }, organizations: { totalCount: 0 } });
  }
  const found: unknown[] = [];
  for (const tag of ['Latest', 'latest', 'LATEST']) {
    const { tag: answer } = await plane.catalog.call('LookupTag', { repository, tag });
    found.push(answer?.manifest?.digest);
  }
  expect(found).toEqual([digest('image'), undefined, undefined]);
});

test('tags that differ in case alone are two, and are listed in the order of their bytes', async () => {
  const repository = await plane.organization('acme');
  for (const tag of ['b', 'B', 'a', '_', 'A'])
    await plane.catalog.call('AdmitManifest', admission(repository, `image ${tag}`, { tag }));
  const { tags } = await plane.catalog.call('ListCachedTags', { repository, limit: 10, last: '' });
  expect(tags).toEqual(['A', 'B', '_', 'a', 'b']);
});

test('sizes are exact up to 2^63 - 1, and any text comes back as it was', async () => {
  const description = 'Ünï\'code \\ 🚀 "quoted" %_ ; -- ';
  const limitBytes = '9223372036854775807';
  const input = { name: 'acme', description, quota: { limitBytes } };
  const query = `mutation ($input: OrganizationInput!) {
    applyOrganization(input: $input) { description version quota { limitBytes } } }`;
  for (let i = 0; i < 2; i++)
    expect(await plane.ask(query, { input })).toEqual({
      applyOrganization: { description, version: 1, quota: { limitBytes } },
    });
});
