import type { Knex } from 'knex';
import type { Queries } from './database';

/**
 * Selects a column or an expression as text, so that 64-bit numbers stay exact. Drivers round
 * numbers over 2^53 or return a different type for them
 * (docs/design/errors.md#database-differences). Both databases can cast to CHAR.
 */
export function exactly(queries: Queries, expression: string, alias: string): Knex.Raw {
  return queries.raw(`CAST(${expression} AS CHAR) AS ${alias}`);
}

/**
 * Converts a value selected with {@link exactly} to a bigint. Null (a sum over no rows) becomes 0.
 */
export function toBigInt(text: unknown): bigint {
  return text === null || text === undefined ? 0n : BigInt(String(text).split('.', 1)[0]!);
}
