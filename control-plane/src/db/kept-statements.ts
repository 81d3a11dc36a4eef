import { LRUCache } from 'lru-cache';
import type { PreparingConnection } from './event-loop-turns';

/** Prepared statements that are kept for one connection. */
const MAX_STATEMENTS = 200;
/**
 * The length of the longest statement that is kept, in characters. Longer ones name many values and
 * rarely repeat.
 */
const MAX_LENGTH = 5000;
/** Statements that do not change tables. The others can change what the kept ones return. */
const KEEPS_TABLES = /^\s*(?:select|with|insert|update|delete|begin|commit|rollback|savepoint|release)\b/i;

/**
 * Prepares each statement of a connection once, because knex prepares every statement anew and this
 * costs more than to run a short one. Statements are safe to share: better-sqlite3 binds the values
 * and reads all rows in one synchronous call.
 */
export function keepStatements(connection: PreparingConnection): void {
  const prepare = connection.prepare.bind(connection);
  const kept = new LRUCache<string, ReturnType<PreparingConnection['prepare']>>({ max: MAX_STATEMENTS });
  connection.prepare = (sql) => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    const statement = prepare(sql);
    if (!KEEPS_TABLES.test(sql)) kept.clear();
    else if (sql.length <= MAX_LENGTH) kept.set(sql, statement);
    return statement;
  };
}
