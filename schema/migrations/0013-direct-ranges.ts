import type { Knex } from 'knex';
import { Table } from '../tables';
import { addColumn } from './columns';

/** Adds the setting `directRanges`. It is on for existing organizations, as for new ones. */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, Table.proxyConfigs, 'direct_ranges', (columns) =>
    columns.flag('direct_ranges').notNullable().defaultTo(1),
  );
}

/** Drops the column. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable(Table.proxyConfigs, (table) => table.dropColumn('direct_ranges'));
}
