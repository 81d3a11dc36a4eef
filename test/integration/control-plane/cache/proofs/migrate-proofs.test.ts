import type { Knex } from 'knex';
import { Table } from '../../../../../schema/tables';
import { createOldSchema, type OldSchema } from '../../../../support/control-plane/old-schema';
import { onMysql } from '../../../../support/control-plane/test-database';

let schema: OldSchema;
let tables: Knex;

beforeEach(async () => {
  schema = await createOldSchema('0012-proofs');
  tables = schema.tables;
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
afterEach(() => schema.release());

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
  await schema.migrate();
  expect(asText((await configs()) as Record<string, unknown>[])).toEqual(MIGRATED);
  expect(await tables(Table.blobProofs)).toEqual([]);
});

test('proofs are compared bytewise', async () => {
  await schema.migrate();
  const row = { digest: 'sha256:a', upstream_repository: 'library/app', proven_at: 1 };
  for (const identity of ['account:a', 'account:A', 'account:a '])
    await tables(Table.blobProofs).insert({ identity, ...row });
  expect(await tables(Table.blobProofs).where('identity', 'account:A')).toHaveLength(1);
  expect(await tables(Table.blobProofs)).toHaveLength(3);
});

// On SQLite, a migration is one transaction.
if (onMysql())
  test('the migration continues after an interruption', async () => {
    await schema.migrate();
    await tables.schema.alterTable(Table.proxyConfigs, (table) => table.dropIndex([], 'proxy_configs_origin'));
    await tables.schema.dropTable(Table.endedIdentities);
    await tables(Table.proxyConfigs).where('organization_uid', 'brio').update({ account_version: null });
    await tables('knex_migrations').where('name', 'like', '0012%').delete();
    await schema.migrate();
    expect(asText((await configs()) as Record<string, unknown>[])).toEqual(MIGRATED);
    expect(await tables(Table.endedIdentities)).toEqual([]);
  });
