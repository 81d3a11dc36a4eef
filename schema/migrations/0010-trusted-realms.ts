import type { Knex } from 'knex';
import { Table } from '../tables';
import { addColumn } from './columns';

/** Length of a list of ten hosts of at most 260 characters as a JSON array. */
const LIST_LENGTH = 2700;

/** Adds the token servers that an organization trusts with its upstream credentials: none. */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, Table.proxyConfigs, 'trusted_realms', (columns) =>
    columns.text('trusted_realms', LIST_LENGTH).notNullable().defaultTo('[]'),
  );
}

/** Drops the column. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable(Table.proxyConfigs, (table) => table.dropColumn('trusted_realms'));
}
