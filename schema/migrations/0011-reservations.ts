import type { Knex } from 'knex';
import { Table } from '../tables';
import { addIndex } from './columns';

/** Adds the index that finds the largest reservations of an origin. */
export async function up(knex: Knex): Promise<void> {
  await addIndex(knex, Table.originHoldings, ['origin_version', 'state', 'size'], 'origin_holdings_reserved');
}

/** Drops the index. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable(Table.originHoldings, (table) =>
    table.dropIndex(['origin_version', 'state', 'size'], 'origin_holdings_reserved'),
  );
}
