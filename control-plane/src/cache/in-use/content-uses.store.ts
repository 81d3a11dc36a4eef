import { type ContentUseRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { ContentUse } from './content-use';

/** How long a report of a data plane is believed, in milliseconds: it says it again every ten seconds (catalog.proto, ReportUse). */
const BELIEVED_MS = 30_000;

/** Reads and writes what data planes say that they read and fill. */
export class ContentUsesStore {
  /** Replaces what a node said before. */
  async report(queries: Queries, node: string, uses: readonly ContentUse[], now: number): Promise<void> {
    await queries(Table.contentUses).where('node', node).delete();
    const rows: ContentUseRow[] = uses.map((use) => ({
      node,
      organization_uid: use.organizationUid,
      repository: use.repository,
      digest: use.digest,
      started_at: use.startedAt,
      valid_until: now + BELIEVED_MS,
    }));
    await bulkInsert(queries, Table.contentUses, rows, { kind: 'keep' });
  }

  /** What is in use of an organization. */
  async ofOrganization(queries: Queries, organizationUid: string, now: number): Promise<readonly ContentUse[]> {
    const rows: ContentUseRow[] = await queries<ContentUseRow>(Table.contentUses)
      .where('organization_uid', organizationUid)
      .where('valid_until', '>', now);
    return rows.map((row) => ({
      organizationUid: row.organization_uid,
      repository: row.repository,
      digest: row.digest,
      startedAt: row.started_at,
    }));
  }

  /** Which of these digests are in use, by whomever. */
  async amongDigests(queries: Queries, digests: readonly string[], now: number): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const part of chunks(digests)) {
      const rows = await queries<ContentUseRow>(Table.contentUses)
        .whereIn('digest', part)
        .where('valid_until', '>', now)
        .select('digest');
      for (const row of rows) found.add(row.digest);
    }
    return found;
  }

  /** Forgets reports that are no longer believed. */
  async prune(queries: Queries, now: number): Promise<void> {
    await queries(Table.contentUses).where('valid_until', '<=', now).delete();
  }
}
