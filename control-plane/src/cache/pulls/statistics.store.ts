import { type StatisticsRow, Table } from '../../../../schema/tables';
import { toBigInt } from '../../db/big-numbers';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';

/** Length of a bucket in milliseconds. */
export const BUCKET_MS = 300_000;

/** The counters of an organization. */
export interface Counters {
  pulls: number;
  hits: number;
  misses: number;
  stale: number;
  failures: number;
  bytes_served: number;
  bytes_fetched: number;
}

const COUNTERS = ['pulls', 'hits', 'misses', 'stale', 'failures', 'bytes_served', 'bytes_fetched'] as const;

/** Stores counters of organizations in buckets of five minutes. */
export class StatisticsStore {
  /** Adds counters to their buckets. */
  async add(queries: Queries, rows: readonly StatisticsRow[]): Promise<void> {
    await bulkInsert(queries, Table.statistics, rows, {
      kind: 'merge',
      key: ['organization_uid', 'bucket'],
      columns: Object.fromEntries(COUNTERS.map((counter) => [counter, 'add' as const])),
    });
  }

  /** Returns the sums since a time (milliseconds since the epoch), from the start of its bucket. */
  async sums(
    queries: Queries,
    organizationUid: string,
    since: number,
  ): Promise<Readonly<Record<keyof Counters, bigint>>> {
    const row = await queries<StatisticsRow>(Table.statistics)
      .where('organization_uid', organizationUid)
      .where('bucket', '>', since - BUCKET_MS)
      .first<Record<string, unknown> | undefined>(
        ...COUNTERS.map((counter) => queries.raw(`CAST(SUM(${counter}) AS CHAR) AS ${counter}`)),
      );
    return Object.fromEntries(COUNTERS.map((counter) => [counter, toBigInt(row?.[counter])])) as Record<
      keyof Counters,
      bigint
    >;
  }
}
