import type { TagRow } from '../../../../schema/tables';

/** When a version left service, by being replaced or by expiring; undefined while it is active. */
export function leftServiceAt(row: TagRow, now: number): number | undefined {
  if (row.live === null) return row.ended_at ?? row.started_at;
  return row.expires_at !== null && row.expires_at <= now ? row.expires_at : undefined;
}
