import type { Knex } from 'knex';

/** Told of every statement that is over: whether it failed, and after how many seconds. */
export type QueryWatch = (failed: boolean, seconds: number) => void;

/** Statements whose end is waited for; more are not timed (a connection that is lost may never say so). */
const MAX_RUNNING = 10_000;

/** Times the statements of a connection pool, those in transactions too, by the events that knex gives. */
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

/** Connections of a pool: in use, and callers that wait for one. */
export interface PoolUse {
  readonly used: number;
  readonly waiting: number;
}

/** What knex's pool (tarn) says of itself. */
export function poolUse(queries: Knex): PoolUse {
  const { pool } = queries.client as { readonly pool?: { numUsed(): number; numPendingAcquires(): number } };
  return { used: pool?.numUsed() ?? 0, waiting: pool?.numPendingAcquires() ?? 0 };
}
