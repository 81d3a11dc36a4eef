import type { AdvisoryRow, ScanFindingRow, ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type Page, type PageRequest, toPage } from '../../db/page';

/** Which findings of an image are wanted. */
export interface FindingFilter {
  /** See rankOf: at least that bad. */
  readonly minimumSeverity: number;
  readonly fixableOnly: boolean;
}

/** A finding of an image, by name. */
export interface NamedFinding {
  readonly digest: string;
  readonly vulnerability: string;
}

/** Reads scans and what they found. Who changes them: scan-queue.ts and those who hold a claim. */
export class ScanStore {
  /** The scans of these manifests; those that were never scanned are left out. */
  async findMany(queries: Queries, digests: readonly string[]): Promise<readonly ScanRow[]> {
    const rows: ScanRow[] = [];
    for (const part of chunks(digests))
      rows.push(...((await queries<ScanRow>(Table.scans).whereIn('digest', part)) as ScanRow[]));
    return rows;
  }

  /** A page of what was found in an image, the worst first: a range of the primary key, which is in that order. */
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

  /** How many {@link findings} goes through in all. */
  async countFindings(queries: Queries, digest: string, filter: FindingFilter): Promise<number> {
    const [row] = (await this.filtered(queries, digest, filter).count({ n: '*' })) as unknown as {
      n: number | string;
    }[];
    return Number(row?.n ?? 0);
  }

  /** What these images have of one vulnerability, in several packages perhaps. */
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

  /** Advisories by their hash. */
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
