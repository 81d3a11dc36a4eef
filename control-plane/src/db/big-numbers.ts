import type { Knex } from 'knex';
import type { Queries } from './database';

/**
 * A column or expression as text, so that 64-bit numbers arrive whole: drivers round what is over
 * 2^53, or give a different type for it (docs/design/errors.md#database-differences). CHAR is a
 * type that both databases cast to.
 */
export function exactly(queries: Queries, expression: string, alias: string): Knex.Raw {
  return queries.raw(`CAST(${expression} AS CHAR) AS ${alias}`);
}

/** What {@link exactly} selected, as a bigint; null (a sum of nothing) is 0. */
export function toBigInt(text: unknown): bigint {
  return text === null || text === undefined ? 0n : BigInt(String(text).split('.', 1)[0]!);
}
