import type { Database, Queries, TransactionOptions } from '../../../control-plane/src/db/database';

/** What a database was asked since the last count. */
export interface DatabaseCounts {
  readonly statements: number;
  readonly transactions: number;
  /** The longest transaction, in milliseconds, from its first statement to its commit. */
  readonly longestMs: number;
}

/** A database that counts. */
export interface WatchedDatabase {
  readonly database: Database;
  /** What was asked since the last call. */
  counts(): DatabaseCounts;
}

/** Watches every statement of a reader, and of transactions that are begun through the database it gives. */
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
        // Where one pool does both, its reader has heard of them.
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
