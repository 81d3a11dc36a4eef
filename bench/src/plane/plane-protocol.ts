import type { DatabaseCounts } from './watched-database';

/** What the measured plane is started with, as its one argument in JSON. */
export interface PlaneOptions {
  /** As LAYOVER_DATABASE_URL has it; the tables are there. */
  readonly databaseUrl: string;
  /** Where its Catalog listens. */
  readonly socket: string;
}

/** What it is told: to say what was counted since the last time, or to move its clock on and collect garbage, one round. */
export type PlaneCommand = { readonly do: 'count' } | { readonly do: 'collect'; readonly advanceMs: number };

/** What it answers to each command, and once before the first, when it serves. */
export interface PlaneAnswer {
  readonly counts: DatabaseCounts;
  /** How long the command took, in milliseconds. */
  readonly ms: number;
  /** The longest time that the event loop was held up since the last answer, in milliseconds. */
  readonly blockedMs: number;
  /** The most memory that its process has had, in bytes. */
  readonly memoryBytes: number;
}
