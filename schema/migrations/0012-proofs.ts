import type { Knex } from 'knex';
import { Table } from '../tables';
import { addColumn, addIndex, createTable, DIGEST_LENGTH, dropTables, UID_LENGTH } from './columns';

/** Maximum length of an identity: its kind, a colon, and a SHA-256 in hex or a UUID. */
const IDENTITY_LENGTH = 80;
/** Maximum length of a complete repository name: namespace, slash and name. */
const UPSTREAM_REPOSITORY_LENGTH = 511;

/**
 * Creates the tables of proofs, and the columns from which the identities of an organization are
 * derived. Existing content starts without proofs. The credential version of an organization is
 * random and its own, so it is the first account version. The shared identity needs the master key;
 * the control plane computes it when it starts.
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.blobProofs, (columns, table) => {
    columns.key('identity', IDENTITY_LENGTH).notNullable();
    columns.key('digest', DIGEST_LENGTH).notNullable();
    columns.key('upstream_repository', UPSTREAM_REPOSITORY_LENGTH).notNullable();
    columns.number('proven_at').notNullable();
    table.primary(['identity', 'digest', 'upstream_repository']);
    table.index(['digest'], 'blob_proofs_digest');
  });
  await createTable(knex, Table.endedIdentities, (columns) => {
    columns.key('identity', IDENTITY_LENGTH).notNullable().primary();
    columns.number('ended_at').notNullable();
  });
  for (const column of ['account_version', 'identified_version'])
    await addColumn(knex, Table.proxyConfigs, column, (columns) => columns.key(column, UID_LENGTH).nullable());
  await addColumn(knex, Table.proxyConfigs, 'shared_identity', (columns) =>
    columns.key('shared_identity', IDENTITY_LENGTH).nullable(),
  );
  await addIndex(knex, Table.proxyConfigs, ['shared_identity'], 'proxy_configs_shared_identity');
  // Finds the rights of an origin.
  await addIndex(knex, Table.proxyConfigs, ['origin_version'], 'proxy_configs_origin');
  await knex.raw('UPDATE proxy_configs SET account_version = credential_version WHERE account_version IS NULL');
}

/** Drops the new tables. The new columns stay unused. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.endedIdentities, Table.blobProofs);
}
