import type { Knex } from 'knex';
import { Table } from '../tables';
import { addColumn, createTable, dropTables, UID_LENGTH } from './columns';

/**
 * Adds the expiry and the previous secret of robots, and the further organizations that they may
 * pull from. Existing robots never expire and have none of the others.
 */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, Table.robots, 'expires_at', (columns) => columns.number('expires_at').nullable());
  await addColumn(knex, Table.robots, 'previous_secret_sha256', (columns) =>
    columns.key('previous_secret_sha256', 64).nullable(),
  );
  await addColumn(knex, Table.robots, 'previous_secret_ends_at', (columns) =>
    columns.number('previous_secret_ends_at').nullable(),
  );
  await createTable(knex, Table.robotGrants, (columns, table) => {
    columns.key('organization_uid', UID_LENGTH).notNullable();
    columns.key('robot_name', 64).notNullable();
    columns.key('granted_uid', UID_LENGTH).notNullable();
    table.primary(['organization_uid', 'robot_name', 'granted_uid']);
    table.index(['granted_uid'], 'robot_grants_granted');
  });
}

/** Drops the table and the columns. */
export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, Table.robotGrants);
  for (const column of ['previous_secret_ends_at', 'previous_secret_sha256', 'expires_at'])
    await knex.schema.alterTable(Table.robots, (table) => table.dropColumn(column));
}
