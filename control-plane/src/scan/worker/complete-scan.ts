import type { VulnerabilityReport } from '../clair/vulnerability-report';
import type { ClaimedScan } from '../queue/claim-scans';
import { recordScan } from '../queue/record-scan';
import type { ScanParts } from './scan-parts';
import { severityOf } from '../../tenancy/organizations/severity';
import { countFindings, storeFindings } from '../findings/store-findings';
import { writeClaimed } from '../queue/write-claimed';

/**
 * Stores a report and schedules its next refresh. If the report has not changed, only the times are
 * written. Returns false if another process has the claim by now.
 */
export async function completeScan(
  { database, stores, config, clock, random }: Pick<ScanParts, 'database' | 'stores' | 'config' | 'clock' | 'random'>,
  claim: ClaimedScan,
  report: VulnerabilityReport,
  indexerState: string | undefined,
): Promise<boolean> {
  const now = clock.now();
  const isIndexed = claim.work === 'INDEX';
  const counts = countFindings(report.findings);
  return writeClaimed(
    database,
    claim,
    (row) => ({
      ...counts,
      state: 'COMPLETED',
      work: 'REFRESH',
      // Random, so that images that were indexed together are not refreshed together.
      due_at: now + Math.round(config.refreshMs * (0.9 + 0.2 * random())),
      reported_at: now,
      report_hash: report.hash,
      error: null,
      delete_first: 0,
      ...(isIndexed
        ? { finished_at: now, indexer_state: indexerState ?? null, tried_state: indexerState ?? row.tried_state }
        : {}),
    }),
    async (queries, row) => {
      const isChanged = row.report_hash !== report.hash;
      if (isChanged) await storeFindings(queries, claim.digest, report.findings, now);
      if (!isChanged && !isIndexed) return;
      const [worst] = report.findings;
      await recordScan(queries, stores.audit, {
        kind: 'SCAN_COMPLETED',
        digest: claim.digest,
        at: now,
        detail: {
          reason: isIndexed ? 'INDEXED' : 'REPORT_CHANGED',
          ...counts,
          highest: worst === undefined ? null : severityOf(worst.severity),
          ...(isIndexed ? { attempts: claim.attempts, indexerState: indexerState ?? null } : {}),
        },
      });
    },
  );
}
