import { type ContentUseRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { ContentUse } from './content-use';

/**
 * Validity of a data plane's report in milliseconds. It is repeated every ten seconds (ReportUse in
 * catalog.proto).
 */
const BELIEVED_MS = 30_000;

/** Stores the content uses that data planes report. */
export class ContentUsesStore {
  /** Replaces the previous report of a node. */
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

  /** Returns the current uses in an organization. */
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

  /** Returns those of these digests that are in use, with the organizations that use them. */
  async amongDigests(
    queries: Queries,
    digests: readonly string[],
    now: number,
  ): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, Set<string>>();
    for (const part of chunks(digests)) {
      const rows = await queries<ContentUseRow>(Table.contentUses)
        .whereIn('digest', part)
        .where('valid_until', '>', now)
        .select('digest', 'organization_uid');
      for (const { digest, organization_uid: uid } of rows)
        found.set(digest, (found.get(digest) ?? new Set()).add(uid));
    }
    return found;
  }

  /** Deletes reports that are no longer valid. */
  async prune(queries: Queries, now: number): Promise<void> {
    await queries(Table.contentUses).where('valid_until', '<=', now).delete();
  }
}
