import { Table } from '../../../../../schema/tables';
import { child, digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';

const MINUTE = 60_000;
const CONTENT = [
  Table.repositories,
  Table.manifests,
  Table.manifestReferences,
  Table.tags,
  Table.blobs,
  Table.originUsage,
  Table.originHoldings,
  Table.repositoryHoldings,
  Table.contentUses,
];
let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
  acme = await world.plane.organization('acme', {}, { quota: { limitBytes: 1_000_000 } });
  for (const repository of ['library/app', 'library/other']) {
    const key = { ...acme, repository };
    await world.cache(key, 'one', { base: 500, [repository]: 400 }, 'latest');
    await world.cache(key, 'two', { base: 500, 'two layer': 300 }, 'latest');
    await world.admit(
      key,
      'index',
      {},
      { tag: 'multi', references: [child('one', 0, 'amd64'), child('none', 1, 'arm')] },
    );
    await world.admit(key, 'waiting', { 'on its way': 50 }, { tag: '' });
  }
});
afterEach(() => world.end());

async function contentRows(): Promise<Record<string, number>> {
  const counts = await Promise.all(CONTENT.map(async (table) => [table, (await world.rows(table)).length] as const));
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Collects content and then, after the grace period, bytes. */
async function collectAll(): Promise<void> {
  await world.collect();
  world.advance(MINUTE);
  await world.collect();
}

test('all content of a deleted organization is collected', async () => {
  await world.plane.ask('mutation { deleteOrganization(name: "acme") }');
  await collectAll();
  expect(await contentRows()).toEqual({});
  expect([...world.storage.blobs]).toEqual([]);
  expect(await world.events('COLLECTED')).toMatchObject([
    { organization: null, repository: 'library/other', detail: { reason: 'ORGANIZATION_DELETED' } },
    { organization: null, repository: 'library/app', detail: { reason: 'ORGANIZATION_DELETED' } },
  ]);
});

test('the usage row of a deleted organization without content is collected', async () => {
  for (const name of ['library/app', 'library/other'])
    await world.plane.ask(`mutation { purgeRepository(organization: "acme", repository: "${name}") }`);
  await world.plane.ask('mutation { deleteOrganization(name: "acme") }');
  await collectAll();
  expect(await contentRows()).toEqual({});
});

test('content that another organization holds stays in the store', async () => {
  const other = await world.plane.organization('other');
  await world.cache(other, 'one', { base: 500, 'library/app': 400 }, 'latest');
  await world.plane.ask('mutation { deleteOrganization(name: "acme") }');
  await collectAll();
  expect([...world.storage.blobs.keys()].sort()).toEqual([digest('one'), digest('base'), digest('library/app')].sort());
  expect(await world.usage('other')).toMatchObject({ used: 1000 });
});

test('a changed upstream starts with no usage at once, and its old content is collected', async () => {
  await world.update({ proxyCache: { upstream: 'other.example' } });
  const renewed = await world.plane.repository('acme', 'library/app');
  expect(await world.usage()).toEqual({ used: 0, reserved: 0, manifests: 0, blobs: 0, timeMachine: 0 });
  await world.cache(renewed, 'one', { base: 500 }, 'latest');
  await collectAll();
  expect(await world.usage()).toMatchObject({ used: 600, reserved: 0 });
  expect([...world.storage.blobs.keys()].sort()).toEqual([digest('one'), digest('base')].sort());
  expect(await world.rows(Table.originUsage)).toHaveLength(1);
  expect((await world.events('COLLECTED')).map(({ organization, detail }) => [organization, detail['reason']])).toEqual(
    [
      ['acme', 'UPSTREAM_CHANGED'],
      ['acme', 'UPSTREAM_CHANGED'],
    ],
  );
});

test('a late admission for the old upstream is passed through, and its bytes are collected', async () => {
  await world.update({ proxyCache: { upstream: 'other.example' } });
  expect((await world.admit(acme, 'late', { 'late layer': 10 })).decision).toBe('PASS_THROUGH');
  await world.arrive(acme, { 'late layer': 10 });
  await world.plane.ask('mutation { deleteOrganization(name: "acme") }');
  await collectAll();
  expect(await contentRows()).toEqual({});
  expect([...world.storage.blobs]).toEqual([]);
});

test('many repositories and manifests are collected in steps', async () => {
  for (let n = 0; n < 25; n++)
    for (let m = 0; m < (n === 0 ? 110 : 1); m++)
      await world.admit({ ...acme, repository: `library/r${n}` }, `image ${m}`, { base: 500 }, { tag: `t${m}` });
  await world.plane.ask('mutation { deleteOrganization(name: "acme") }');
  await collectAll();
  expect(await contentRows()).toEqual({});
}, 40_000);
