import type { Knex } from 'knex';
import { type SystemSettingsRow, Table } from '../tables';
import { createTable, dropTables, insertOnce } from './columns';

/**
 * Creates the two tables with one row each: the revision of the configuration, and the global
 * switches.
 */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.configurationRevision, (columns) => {
    columns.number('id').notNullable().primary();
    columns.number('revision').notNullable();
  });
  await insertOnce(knex, Table.configurationRevision, { id: 1, revision: 1 });
  await createTable(knex, Table.systemSettings, (columns) => {
    columns.number('id').notNullable().primary();
    columns.flag('proxy_cache_enabled').notNullable();
    columns.flag('quota_management_enabled').notNullable();
    columns.flag('scanning_enabled').notNullable();
    columns.number('version').notNullable();
    columns.number('bootstrapped_at').nullable();
  });
  const settings: SystemSettingsRow = {
    id: 1,
    proxy_cache_enabled: 1,
    quota_management_enabled: 1,
    scanning_enabled: 0,
    version: 1,
    bootstrapped_at: null,
  };
  await insertOnce(knex, Table.systemSettings, settings);
}

/** Drops these tables. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.systemSettings, Table.configurationRevision);
}
