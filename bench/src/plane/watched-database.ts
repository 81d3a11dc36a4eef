import type { Database, Queries, TransactionOptions } from '../../../control-plane/src/db/database';

/** Counts of database work since the last call. */
export interface DatabaseCounts {
  readonly statements: number;
  readonly transactions: number;
  /** The longest transaction from its first statement to its commit, in milliseconds. */
  readonly longestMs: number;
}

/** A database that counts its statements and transactions. */
export interface WatchedDatabase {
  readonly database: Database;
  /** Returns the counts since the last call. */
  counts(): DatabaseCounts;
}

/**
 * Counts the statements of the reader, and of transactions that are started through the returned
 * database.
 */
export function watchDatabase(real: Database): WatchedDatabase {
  let statements = 0;
  let transactions = 0;
  let longestMs = 0;
  const note = (): void => void (statements += 1);
  real.reader.on('query', note);
  const transaction = <T>(work: (queries: Queries) => Promise<T>, options?: TransactionOptions): Promise<T> => {
    let begun = 0;
    return real
      .transaction((queries) => {
        begun = performance.now();
        // With SQLite one pool serves both, so the listener of the reader also sees transactions.
        if (real.dialect === 'sqlite') queries.on('query', note);
        return work(queries);
      }, options)
      .finally(() => {
        transactions += 1;
        longestMs = Math.max(longestMs, performance.now() - begun);
      });
  };
  const database = Object.create(real, { transaction: { value: transaction } }) as Database;
  return {
    database,
    counts() {
      const counts = { statements, transactions, longestMs };
      statements = 0;
      transactions = 0;
      longestMs = 0;
      return counts;
    },
  };
}
