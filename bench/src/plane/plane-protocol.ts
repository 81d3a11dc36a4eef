import type { DatabaseCounts } from './watched-database';

/** The options of the measured plane, passed as one JSON argument. */
export interface PlaneOptions {
  /** A URL as in LAYOVER_DATABASE_URL. The database is migrated. */
  readonly databaseUrl: string;
  /** Path of the socket of the Catalog. */
  readonly socket: string;
}

/**
 * A command: return the counts since the last command, or advance the clock and run one round of
 * the garbage collector.
 */
export type PlaneCommand = { readonly do: 'count' } | { readonly do: 'collect'; readonly advanceMs: number };

/**
 * The answer to each command. The first answer is sent without a command when the Catalog is ready.
 */
export interface PlaneAnswer {
  readonly counts: DatabaseCounts;
  /** Duration of the command, in milliseconds. */
  readonly ms: number;
  /** The longest delay of the event loop since the last answer, in milliseconds. */
  readonly blockedMs: number;
  /** Peak memory of the process, in bytes. */
  readonly memoryBytes: number;
}
