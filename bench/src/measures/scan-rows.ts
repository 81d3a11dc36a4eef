import { createHash } from 'node:crypto';
import { bulkInsert } from '../../../control-plane/src/db/bulk-insert';
import type { Database } from '../../../control-plane/src/db/database';
import type { Finding, VulnerabilityReport } from '../../../control-plane/src/scan/clair/vulnerability-report';
import { newScanRow } from '../../../control-plane/src/scan/queue/scan-row';
import { storeFindings, countFindings } from '../../../control-plane/src/scan/findings/store-findings';
import type { ScanRow } from '../../../schema/scan-tables';
import { Table } from '../../../schema/tables';
import { FINDINGS, VULNERABILITIES } from './scan-shape';

/** Rows per transaction. */
const STEP = 500;

/** Returns the Clair report of image number `image`. */
export function reportOf(image: number): VulnerabilityReport {
  const findings = Array.from({ length: FINDINGS }, (_, n): Finding => {
    const number = (image * 7 + n * 13) % VULNERABILITIES;
    return {
      vulnerability: `CVE-2026-${number}`,
      severity: 5 - Math.floor((n * 6) / FINDINGS),
      packageName: `package-${n}`,
      packageVersion: '1.0-r0',
      fixedIn: n % 2 === 0 ? '1.0-r1' : undefined,
      introducedIn: undefined,
      distribution: 'Alpine Linux v3.18',
      description: `Description of vulnerability ${number} with an ordinary length. `.repeat(6),
      links: [`https://example.test/CVE-2026-${number}`],
    };
  });
  return { findings, hash: createHash('sha256').update(JSON.stringify(findings)).digest('hex') };
}

/**
 * Seeds scans for images. They become due for a refresh one after the other, starting at `dueAt`.
 */
export async function seedScans(database: Database, digests: readonly string[], dueAt: number): Promise<void> {
  const now = Date.now();
  for (let from = 0; from < digests.length; from += STEP)
    await database.transaction(async (queries) => {
      const part = digests.slice(from, from + STEP);
      const rows = part.map((digest, at): ScanRow => {
        const report = reportOf(from + at);
        return {
          ...newScanRow(digest, 'QUEUED', now),
          ...countFindings(report.findings),
          state: 'COMPLETED',
          work: 'REFRESH',
          due_at: dueAt + from + at,
          attempts: 1,
          finished_at: now,
          reported_at: now,
          indexer_state: 'state',
          tried_state: 'state',
          report_hash: report.hash,
        };
      });
      await bulkInsert(queries, Table.scans, rows);
      for (const [at, digest] of part.entries())
        await storeFindings(queries, digest, reportOf(from + at).findings, now);
    });
}
