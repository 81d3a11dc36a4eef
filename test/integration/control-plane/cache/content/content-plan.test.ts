import 'reflect-metadata';
import { repositoryName } from '../../../../../bench/src/content/seed-content';
import type { Database } from '../../../../../control-plane/src/db/database';
import { explainQueries } from '../../../../support/control-plane/explain-queries';
import { createLargeDatabase, type LargeDatabase } from '../../../../support/control-plane/large-database';
import type { ManifestRow, TagRow } from '../../../../../schema/tables';

const NOW = Date.UTC(2026, 0, 1);
const IMAGES = 600;

let large: LargeDatabase;
let stores: LargeDatabase['stores'];
let database: Database;
let organization: LargeDatabase['organization'];
let manifests: readonly ManifestRow[];
let tags: readonly TagRow[];

beforeAll(async () => {
  large = await createLargeDatabase(IMAGES, NOW);
  ({ stores, database, organization } = large);
  await large.analyze('tags', 'manifests', 'manifest_references', 'repository_holdings', 'repositories');
  manifests = await database.reader('manifests').where('origin_version', organization.originVersion).limit(20);
  tags = await database.reader('tags').where('origin_version', organization.originVersion).limit(20);
}, 120_000);
afterAll(() => large.release());

const scope = () => ({ kind: 'organization', uid: organization.uid }) as const;
const repositoryId = () => manifests[0]!.repository_id;

/** The query, and the index that it must use on SQLite and on MariaDB. */
test.each<readonly [string, () => Promise<unknown>, string, string]>([
  [
    'the number of active tags of a repository',
    () =>
      stores.tags.count(database.reader, {
        repositoryId: repositoryId(),
        nameContains: undefined,
        state: 'ACTIVE',
        now: NOW,
      }),
    'INDEX tags_live',
    'tags_live',
  ],
  ['expired tags', () => stores.tags.expired(database.reader, NOW + 5000, 10), 'INDEX tags_expiry', 'tags_expiry'],
  [
    'versions that left service',
    () => stores.tags.endedBefore(database.reader, organization.originVersion, NOW, 10),
    'INDEX tags_collection',
    'tags_collection',
  ],
  [
    'the tags that an expiration step locks',
    () =>
      stores.tags.lockExpired(
        database.reader,
        tags.map(({ id }) => id),
        NOW,
      ),
    'INTEGER PRIMARY KEY',
    'PRIMARY',
  ],
  [
    'pulled repositories',
    () =>
      stores.repositories.findMany(
        database.reader,
        [1, 2, 3].map((nth) => ({
          organizationUid: organization.uid,
          originVersion: organization.originVersion,
          repository: repositoryName(nth),
        })),
      ),
    'INDEX repositories_key',
    'repositories_key',
  ],
  [
    'a page of the manifests of a repository',
    () => stores.manifests.ofRepository(database.reader, repositoryId(), '', 5),
    'INDEX manifests_key',
    'manifests_key',
  ],
  [
    'the first manifests in eviction order',
    () => stores.manifests.leaving(database.reader, organization.originVersion, 1, undefined, 8),
    'INDEX manifests_eviction',
    'manifests_eviction',
  ],
  [
    'parts of repositories in layers',
    () =>
      stores.holdings.findParts(
        database.reader,
        organization.originVersion,
        manifests.map((row) => ({ repositoryId: row.repository_id, digest: row.digest })),
      ),
    'INDEX sqlite_autoindex_repository_holdings_1 (origin_version=? AND digest=? AND repository_id=?)',
    'PRIMARY',
  ],
])('%s uses its index', async (_name, ask, onSqlite, onMariadb) => {
  const plans = await explainQueries(database, ask);
  expect(plans).toHaveLength(1);
  if (database.dialect === 'mysql') expect(plans[0]).toContain(`by ${onMariadb},`);
  else expect(plans[0]).toContain(onSqlite);
  expect(plans[0]).not.toMatch(/SCAN (?!CONSTANT|\d)|ALL by/);
});

test('the tags of an organization are counted from a covering index', async () => {
  const [, plan] = await explainQueries(database, () => stores.usage.names(database.reader, scope(), NOW));
  if (database.dialect === 'mysql')
    expect(plan).toMatch(/by tags_collection, about \d+ rows; Using where; Using index$/);
  else expect(plan).toContain('COVERING INDEX tags_collection');
});

test('the bytes of the time machine are counted without reading all manifests', async () => {
  for (const at of [NOW, NOW + IMAGES * 500]) {
    const plans = await explainQueries(database, () => stores.usage.timeMachineBytes(database.reader, scope(), at));
    if (database.dialect === 'mysql') expect(plans.join()).not.toMatch(/index by (manifests|tags)/);
    else expect(plans.join()).not.toMatch(/SCAN [mtuxpch]\b/);
  }
});
