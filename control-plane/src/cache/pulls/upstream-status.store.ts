import { Table, type UpstreamStatusRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';

/** Stores the latest upstream status that data planes reported. */
export class UpstreamStatusStore {
  /** Stores reports that are newer than the stored ones. */
  async report(queries: Queries, reports: readonly UpstreamStatusRow[]): Promise<void> {
    const stored = await this.findMany(
      queries,
      reports.map((report) => report.organization_uid),
    );
    const times = new Map(stored.map((row) => [row.organization_uid, row.last_checked_at]));
    const newer = reports.filter((report) => report.last_checked_at >= (times.get(report.organization_uid) ?? 0));
    await bulkInsert(queries, Table.upstreamStatus, newer, {
      kind: 'merge',
      key: ['organization_uid'],
      columns: {
        reachable: 'replace',
        last_checked_at: 'replace',
        last_error: 'replace',
        rate_limit: 'replace',
        rate_limit_remaining: 'replace',
        retry_after: 'replace',
      },
    });
  }

  /** Returns the reported status of the upstreams of these organizations. */
  async findMany(queries: Queries, organizationUids: readonly string[]): Promise<readonly UpstreamStatusRow[]> {
    return queries<UpstreamStatusRow>(Table.upstreamStatus).whereIn('organization_uid', organizationUids);
  }

  /** Deletes the status of an organization that changed its upstream or was deleted. */
  async forget(queries: Queries, organizationUid: string): Promise<void> {
    await queries(Table.upstreamStatus).where('organization_uid', organizationUid).delete();
  }
}
