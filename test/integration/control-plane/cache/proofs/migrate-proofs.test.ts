import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Knex, knex } from 'knex';
import { migrationSource } from '../../../../../schema/migrations/migration-source';
import { Table } from '../../../../../schema/tables';
import { createTestDatabase, onMysql } from '../../../../support/control-plane/test-database';
import { mysqlConnection } from '../../../../support/mysql-server/mysql-connection';

let tables: Knex;
let release: () => Promise<void>;

beforeEach(async () => {
  const home = mkdtempSync(join(tmpdir(), 'layover-migrate-'));
  const { url, drop } = await createTestDatabase({ empty: true });
  tables = knex(
    url === ''
      ? { client: 'better-sqlite3', connection: { filename: join(home, 'layover.sqlite') }, useNullAsDefault: true }
      : { client: 'mysql2', connection: mysqlConnection(url), pool: { min: 0, max: 1 } },
  );
  release = async () => {
    await tables.destroy();
    await drop();
    rmSync(home, { recursive: true, force: true });
  };
  const all = await migrationSource.getMigrations([]);
  const until = all.findIndex((migration) => migrationSource.getMigrationName(migration) === '0012-proofs');
  const before = { ...migrationSource, getMigrations: () => Promise.resolve(all.slice(0, until)) };
  await tables.migrate.latest({ migrationSource: before, disableTransactions: true });
  for (const uid of ['acme', 'brio'])
    await tables(Table.proxyConfigs).insert({
      organization_uid: uid,
      enabled: 1,
      upstream_host: 'registry.example',
      upstream_namespace: '',
      credential_version: `credentials of ${uid}`,
      origin_version: `origin of ${uid}`,
      origin_since: 1,
      insecure: 0,
      expiration_seconds: 1,
      revalidate_after_seconds: 0,
      on_upstream_delete: 'KEEP',
      complete_images: 1,
      allow_repositories: '[]',
      deny_repositories: '[]',
    });
});
afterEach(() => release());

const migrate = () => tables.migrate.latest({ migrationSource, disableTransactions: true });
const configs = () =>
  tables(Table.proxyConfigs)
    .orderBy('organization_uid')
    .select('account_version', 'shared_identity', 'identified_version');

const MIGRATED = ['acme', 'brio'].map((uid) => ({
  account_version: `credentials of ${uid}`,
  shared_identity: null,
  identified_version: null,
}));

/** Returns text, which this connection reads as bytes from MySQL. */
const asText = (rows: readonly Record<string, unknown>[]) =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString() : value]),
    ),
  );

test('existing organizations start with an account of their own, and without proofs', async () => {
  await migrate();
  expect(asText((await configs()) as Record<string, unknown>[])).toEqual(MIGRATED);
  expect(await tables(Table.blobProofs)).toEqual([]);
});

test('proofs are compared bytewise', async () => {
  await migrate();
  const row = { digest: 'sha256:a', upstream_repository: 'library/app', proven_at: 1 };
  for (const identity of ['account:a', 'account:A', 'account:a '])
    await tables(Table.blobProofs).insert({ identity, ...row });
  expect(await tables(Table.blobProofs).where('identity', 'account:A')).toHaveLength(1);
  expect(await tables(Table.blobProofs)).toHaveLength(3);
});

// On SQLite, a migration is one transaction.
if (onMysql())
  test('the migration continues after an interruption', async () => {
    await migrate();
    await tables.schema.alterTable(Table.proxyConfigs, (table) => table.dropIndex([], 'proxy_configs_origin'));
    await tables.schema.dropTable(Table.endedIdentities);
    await tables(Table.proxyConfigs).where('organization_uid', 'brio').update({ account_version: null });
    await tables('knex_migrations').where('name', 'like', '0012%').delete();
    await migrate();
    expect(asText((await configs()) as Record<string, unknown>[])).toEqual(MIGRATED);
    expect(await tables(Table.endedIdentities)).toEqual([]);
  });
