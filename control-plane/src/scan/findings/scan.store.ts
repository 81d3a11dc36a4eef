import type { AdvisoryRow, ScanFindingRow, ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type Page, type PageRequest, toPage } from '../../db/page';

/** A filter for the findings of an image. */
export interface FindingFilter {
  /** The minimum severity; see rankOf. */
  readonly minimumSeverity: number;
  readonly fixableOnly: boolean;
}

/** The findings of an image for one vulnerability name. */
export interface NamedFinding {
  readonly digest: string;
  readonly vulnerability: string;
}

/** Reads scans and findings. They are written by scan-queue.ts and by the holders of claims. */
export class ScanStore {
  /** Returns the scans of these manifests. Manifests that were never scanned are left out. */
  async findMany(queries: Queries, digests: readonly string[]): Promise<readonly ScanRow[]> {
    const rows: ScanRow[] = [];
    for (const part of chunks(digests))
      rows.push(...((await queries<ScanRow>(Table.scans).whereIn('digest', part)) as ScanRow[]));
    return rows;
  }

  /**
   * Returns a page of the findings of an image, the most severe first, which is the order of the
   * primary key.
   */
  async findings(
    queries: Queries,
    digest: string,
    filter: FindingFilter,
    request: PageRequest,
  ): Promise<Page<ScanFindingRow>> {
    const query = this.filtered(queries, digest, filter)
      .orderBy('position')
      .limit(request.first + 1);
    if (request.after !== undefined) void query.where('position', '>', request.after[0]!);
    return toPage((await query) as ScanFindingRow[], request.first);
  }

  /** Returns the total number of rows of {@link findings}. */
  async countFindings(queries: Queries, digest: string, filter: FindingFilter): Promise<number> {
    const [row] = (await this.filtered(queries, digest, filter).count({ n: '*' })) as unknown as {
      n: number | string;
    }[];
    return Number(row?.n ?? 0);
  }

  /**
   * Returns the findings of these images for one vulnerability, which may affect several packages.
   */
  async findingsOf(
    queries: Queries,
    vulnerability: string,
    digests: readonly string[],
  ): Promise<readonly ScanFindingRow[]> {
    const rows: ScanFindingRow[] = [];
    for (const part of chunks(digests))
      rows.push(
        ...((await queries<ScanFindingRow>(Table.scanFindings)
          .where('vulnerability', vulnerability)
          .whereIn('digest', part)
          .orderBy(['digest', 'position'])) as ScanFindingRow[]),
      );
    return rows;
  }

  /** Returns advisories by their hashes. */
  async advisories(queries: Queries, hashes: readonly string[]): Promise<readonly AdvisoryRow[]> {
    const rows: AdvisoryRow[] = [];
    for (const part of chunks(hashes))
      rows.push(...((await queries<AdvisoryRow>(Table.advisories).whereIn('hash', part)) as AdvisoryRow[]));
    return rows;
  }

  private filtered(queries: Queries, digest: string, { minimumSeverity, fixableOnly }: FindingFilter) {
    const query = queries<ScanFindingRow>(Table.scanFindings).where('digest', digest);
    if (minimumSeverity > 0) void query.where('severity', '>=', minimumSeverity);
    if (fixableOnly) void query.where('fixable', 1);
    return query;
  }
}
