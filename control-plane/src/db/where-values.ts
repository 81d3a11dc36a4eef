import type { Knex } from 'knex';
import { isMysql } from './bulk-insert';
import type { Queries } from './database';

/**
 * Selects the rows with these values in a column. On SQLite the values are one text, so that the
 * statement is the same for every number of values and is prepared once. Lists of several columns
 * are faster with `whereIn`. The name of the column must be a constant, never input.
 */
export function whereValues<Query extends Knex.QueryBuilder>(
  queries: Queries,
  query: Query,
  column: string,
  values: readonly (string | number)[],
): Query {
  if (isMysql(queries)) return query.whereIn(column, values) as Query;
  return query.whereRaw(`${column} IN (SELECT value FROM json_each(?))`, [JSON.stringify(values)]) as Query;
}
