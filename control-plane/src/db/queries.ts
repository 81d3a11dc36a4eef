import type { Knex } from 'knex';

/** What a statement runs on: the reader, or a transaction. */
export type Queries = Knex;

/** Options of a transaction. */
export interface TransactionOptions {
  /**
   * If true, a duplicate key means that another transaction inserted the same row first: `work`
   * runs again and finds that row. Otherwise the error reaches the caller.
   */
  readonly duplicateIsRace?: boolean;
}

/** Reads what is committed and runs transactions. {@link Database} implements it. */
export interface Transactions {
  readonly dialect: 'sqlite' | 'mysql';
  /** For reads outside a transaction. */
  readonly reader: Queries;
  /** Runs `work` in a transaction of its own, with {@link TransactionHooks}. */
  transaction<T>(work: (transaction: Queries) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
