import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { type ConfigurationChangeRow, type ConfigurationRevisionRow, Table } from '../tables';
import { createTable, dropTables, UID_LENGTH } from './columns';

/** Creates the log of configuration changes, with a row for the present revision. */
export async function up(knex: Knex): Promise<void> {
  await createTable(knex, Table.configurationChanges, (columns) => {
    columns.number('revision').notNullable().primary();
    columns.key('mark', UID_LENGTH).notNullable();
    columns.key('organization_uid', UID_LENGTH).nullable();
  });
  const head = await knex<ConfigurationRevisionRow>(Table.configurationRevision).where('id', 1).first('revision');
  const { revision } = head!;
  const isThere = await knex(Table.configurationChanges).where('revision', revision).first('revision');
  if (isThere !== undefined) return;
  const row: ConfigurationChangeRow = { revision, mark: randomUUID(), organization_uid: null };
  await knex(Table.configurationChanges).insert(row);
}

/** Drops the log of configuration changes. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.configurationChanges);
}
