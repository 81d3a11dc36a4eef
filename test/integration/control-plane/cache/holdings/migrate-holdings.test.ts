import type { Knex } from 'knex';
import { Table } from '../../../../../schema/tables';
import { digest } from '../../../../support/control-plane/builders';
import { createOldSchema, type OldSchema } from '../../../../support/control-plane/old-schema';
import { readContent, recount } from '../../../../support/control-plane/recount';
import { onMysql } from '../../../../support/control-plane/test-database';

let schema: OldSchema;
let tables: Knex;

beforeEach(async () => {
  // The schema before usage was counted.
  schema = await createOldSchema('0006-holdings');
  tables = schema.tables;
});
afterEach(() => schema.release());

interface Image {
  readonly id: number;
  readonly repository: number;
  readonly name: string;
  readonly layers?: Readonly<Record<string, number>>;
  readonly children?: readonly string[];
  readonly pulled?: number;
}

async function insertContent(images: readonly Image[], present: Readonly<Record<string, number>>): Promise<void> {
  for (const { id, repository, name, layers = {}, children = [], pulled } of images) {
    await tables(Table.manifests).insert({
      id,
      repository_id: repository,
      digest: digest(name),
      media_type: '',
      size: 100,
      artifact_type: null,
      created_at: 1000 + id,
      last_pulled_at: pulled ?? null,
    });
    const named = [
      ...Object.entries(layers).map(([blob, size]) => ['LAYER', blob, size] as const),
      ...children.map((child) => ['CHILD', child, 100] as const),
    ];
    for (const [position, [role, blob, size]] of named.entries())
      await tables(Table.manifestReferences).insert({
        manifest_id: id,
        repository_id: repository,
        role,
        position,
        digest: digest(blob),
        media_type: '',
        size,
        platform_os: null,
        platform_architecture: null,
        platform_variant: null,
      });
  }
  for (const [blob, size] of Object.entries(present))
    await tables(Table.blobs).insert({
      digest: digest(blob),
      size,
      state: 'PRESENT',
      created_at: 900,
      present_at: 900,
    });
}

async function insertTag(id: number, image: Image, name: string, ended: number | null = null): Promise<void> {
  await tables(Table.tags).insert({
    id,
    repository_id: image.repository,
    name,
    manifest_id: image.id,
    digest: digest(image.name),
    live: ended === null ? 1 : null,
    started_at: 1000,
    ended_at: ended,
    end_reason: ended === null ? null : 'MOVED',
    checked_at: 1000,
    expires_at: 5000,
    refreshed_at: 1000,
    expiration_set_at: null,
    last_pulled_at: null,
    pull_count: 0,
  });
}

async function insertRepositories(): Promise<void> {
  for (const [id, organization_uid, origin_version, ended_at] of [
    [1, 'acme', 'acme-1', null],
    [2, 'acme', 'acme-1', null],
    [3, 'brio', 'brio-2', null],
    [4, 'brio', 'brio-1', 4000],
  ] as const)
    await tables(Table.repositories).insert({
      id,
      organization_uid,
      origin_version,
      name: `library/r${id}`,
      created_at: 1000,
      last_pulled_at: null,
      ended_at,
    });
}

const IMAGES: readonly Image[] = [
  { id: 1, repository: 1, name: 'one', layers: { base: 500, a: 10, missing: 7 }, pulled: 9000 },
  { id: 2, repository: 1, name: 'two', layers: { base: 500, b: 20 }, pulled: 1 },
  { id: 3, repository: 1, name: 'three', layers: { base: 500, three: 100 } },
  { id: 4, repository: 1, name: 'index', children: ['five', 'none'] },
  { id: 5, repository: 1, name: 'five', layers: { c: 30 } },
  { id: 6, repository: 2, name: 'one', layers: { base: 500, a: 10, missing: 7 } },
  // Names a manifest of another repository of the organization as a layer.
  { id: 7, repository: 2, name: 'seven', layers: { one: 100 } },
  { id: 8, repository: 3, name: 'one', layers: { base: 500, a: 10, missing: 9 } },
  { id: 9, repository: 4, name: 'nine', layers: { base: 500 } },
];
const PRESENT = { base: 500, a: 11, b: 20, c: 30, nobody: 5 };

test('the migration counts existing content and places it in the eviction order', async () => {
  await insertRepositories();
  await insertContent(IMAGES, PRESENT);
  const [one, two, three, index, five] = IMAGES;
  await insertTag(1, one!, 'latest');
  await insertTag(2, two!, 'latest', 2000);
  await insertTag(3, two!, 'older', 3000);
  await insertTag(4, index!, 'multi');
  await insertTag(5, five!, 'five');
  await schema.migrate();
  expect(recount(await readContent(tables)).problems).toEqual([]);
  const usage = (await tables(Table.originUsage)) as {
    origin_version: string;
    used_bytes: unknown;
    blob_count: unknown;
  }[];
  const sums = usage.map(({ origin_version, used_bytes, blob_count }) => [
    origin_version,
    Number(used_bytes),
    Number(blob_count),
  ]);
  expect(sums.sort()).toEqual([
    // Six manifests and base, a, b and c. The layer `three` is a manifest here, and `missing` never
    // arrived.
    ['acme-1', 600 + 500 + 11 + 20 + 30, 4],
    ['brio-1', 100 + 500, 1],
    ['brio-2', 100 + 500 + 11, 2],
  ]);
  expect(three).toBeDefined();
  const places = (await tables(Table.manifests).orderBy('id')) as { eviction_class: unknown; eviction_at: unknown }[];
  expect(places.map(({ eviction_class, eviction_at }) => [eviction_class, Number(eviction_at)])).toEqual([
    [1, 9000],
    [0, 3000],
    [2, 1003],
    [1, 1004],
    [null, 1005],
    [2, 1006],
    [2, 1007],
    [2, 1008],
    [2, 1009],
  ]);
  const unheld = (await tables(Table.blobs).where('digest', digest('nobody'))) as object[];
  expect(unheld).toMatchObject([{ holders: 0, unheld_at: 900 }]);
});

// On SQLite, a migration is one transaction.
if (onMysql())
  test('the migration has the same result when it is repeated after an interruption', async () => {
    await insertRepositories();
    await insertContent(IMAGES, PRESENT);
    await insertTag(1, IMAGES[0]!, 'latest');
    await schema.migrate();
    const counted = await tables(Table.originUsage);
    const holdings = await tables(Table.originHoldings);
    await tables('knex_migrations').where('name', 'like', '0006%').delete();
    await schema.migrate();
    expect(recount(await readContent(tables)).problems).toEqual([]);
    expect(await tables(Table.originUsage)).toEqual(counted);
    expect(await tables(Table.originHoldings)).toEqual(holdings);
  });

test('the migration of an empty database counts nothing', async () => {
  await schema.migrate();
  for (const table of [Table.originUsage, Table.originHoldings, Table.repositoryHoldings, Table.blobs])
    expect(await tables(table)).toEqual([]);
});
