import type { Knex } from 'knex';
import { Table } from '../tables';
import { addIndex, dropIndex } from './columns';

const ENDED = 'tags_ended';

/**
 * Drops an index that no query uses: ended versions are found by their origin (tags_collection),
 * and other queries must be kept from it, because almost all versions have not ended.
 */
export async function up(knex: Knex): Promise<void> {
  await dropIndex(knex, Table.tags, ENDED);
}

/** Adds the index again. */
export async function down(knex: Knex): Promise<void> {
  await addIndex(knex, Table.tags, ['ended_at'], ENDED);
}
