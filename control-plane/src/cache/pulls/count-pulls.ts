import type { BlobEvent__Output } from '../../../../proto/gen/layover/v1/BlobEvent';
import type { PullEvent__Output } from '../../../../proto/gen/layover/v1/PullEvent';
import type { AuditEventRow, StatisticsRow } from '../../../../schema/tables';
import { BUCKET_MS, type Counters } from './statistics.store';

/** The counter for each cache status. */
const COUNTER_OF: Readonly<Record<string, 'hits' | 'misses' | 'stale' | 'failures'>> = {
  HIT: 'hits',
  REVALIDATED: 'hits',
  MISS: 'misses',
  UPDATED: 'misses',
  BYPASS: 'misses',
  STALE: 'stale',
  REFUSED: 'failures',
  ERROR: 'failures',
};

interface CountedPull {
  readonly cacheStatus: string;
  readonly httpStatus: number;
  readonly bytes: number;
}

/** Aggregates records into rows of the statistics. */
export class PullCounters {
  private readonly rows = new Map<string, Counters & { organization_uid: string; bucket: number }>();

  /**
   * Counts a pull of an organization. A manifest with a miss or an update counts as fetched and as
   * served.
   */
  pull(organizationUid: string, at: number, event: PullEvent__Output): void {
    const { cacheStatus, httpStatus, bytes } = event;
    this.add(this.row(organizationUid, at), { cacheStatus, httpStatus, bytes: amount(bytes) }, 1);
  }

  /** Takes back what {@link pull} counted for the event of an earlier attempt. */
  takeBack(stored: AuditEventRow): void {
    const { organization_uid, at, cache_status, http_status, bytes } = stored;
    const counted = { cacheStatus: cache_status ?? '', httpStatus: http_status ?? 0, bytes: bytes ?? 0 };
    this.add(this.row(organization_uid ?? '', at), counted, -1);
  }

  /** Counts pulls that were refused or failed. */
  refused(organizationUid: string, at: number, count: number): void {
    const row = this.row(organizationUid, at);
    row.pulls += count;
    row.failures += count;
  }

  /** Counts the bytes of blobs that were served and fetched. */
  blob(organizationUid: string, at: number, event: BlobEvent__Output): void {
    const row = this.row(organizationUid, at);
    row.bytes_served += amount(event.bytesServed);
    row.bytes_fetched += amount(event.bytesFetched);
  }

  /** Returns the rows to add, ordered by key so that two batches cannot deadlock. */
  toRows(): readonly StatisticsRow[] {
    return [...this.rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  private add(row: Counters, { cacheStatus, httpStatus, bytes }: CountedPull, sign: 1 | -1): void {
    row.pulls += sign;
    const counter = COUNTER_OF[cacheStatus];
    if (counter !== undefined) row[counter] += sign;
    if (httpStatus < 400) row.bytes_served += sign * bytes;
    if (counter === 'misses') row.bytes_fetched += sign * bytes;
  }

  private row(organizationUid: string, at: number): Counters {
    const bucket = Math.floor(at / BUCKET_MS) * BUCKET_MS;
    const key = `${organizationUid} ${String(bucket).padStart(16, '0')}`;
    let row = this.rows.get(key);
    if (row === undefined) {
      row = {
        organization_uid: organizationUid,
        bucket,
        pulls: 0,
        hits: 0,
        misses: 0,
        stale: 0,
        failures: 0,
        bytes_served: 0,
        bytes_fetched: 0,
      };
      this.rows.set(key, row);
    }
    return row;
  }
}

function amount(bytes: number): number {
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}
