import type { Knex } from 'knex';

/** Called after every statement, with whether it failed and its duration in seconds. */
export type QueryWatch = (failed: boolean, seconds: number) => void;

/**
 * Maximum number of statements that are timed at once. A lost connection may never report the end
 * of its statements.
 */
const MAX_RUNNING = 10_000;

/**
 * Times the statements of a connection pool, including those in transactions, with the events of
 * knex.
 */
export function watchQueries(queries: Knex, watch: QueryWatch): void {
  const running = new Map<string, number>();
  const over = (query: { readonly __knexQueryUid: string }, failed: boolean): void => {
    const startedAt = running.get(query.__knexQueryUid);
    if (startedAt === undefined) return;
    running.delete(query.__knexQueryUid);
    watch(failed, (performance.now() - startedAt) / 1000);
  };
  queries.on('query', (query: { readonly __knexQueryUid: string }) => {
    if (running.size >= MAX_RUNNING) running.clear();
    running.set(query.__knexQueryUid, performance.now());
  });
  queries.on('query-response', (_rows: unknown, query: { readonly __knexQueryUid: string }) => over(query, false));
  queries.on('query-error', (_error: unknown, query: { readonly __knexQueryUid: string }) => over(query, true));
}

/** How many connections of a pool are in use, and how many callers wait for one. */
export interface PoolUse {
  readonly used: number;
  readonly waiting: number;
}

/** Returns the use of a knex pool (tarn). */
export function poolUse(queries: Knex): PoolUse {
  const { pool } = queries.client as { readonly pool?: { numUsed(): number; numPendingAcquires(): number } };
  return { used: pool?.numUsed() ?? 0, waiting: pool?.numPendingAcquires() ?? 0 };
}
