import { createHash } from 'node:crypto';
import type { AdvisoryRow, KnownVulnerabilityRow, ScanFindingRow, ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { Finding } from '../clair/vulnerability-report';
import { severityOf } from '../../tenancy/organizations/severity';

/** The counts in the row of a scan. */
export type FindingCounts = Pick<
  ScanRow,
  'total' | 'fixable' | 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'
>;

/**
 * An advisory used within this time is not written again. Unused advisories are deleted much later.
 */
const FRESH_MS = 86_400_000;

/**
 * Replaces the findings of an image. The time when a vulnerability was first seen anywhere does not
 * change.
 */
export async function storeFindings(
  queries: Queries,
  digest: string,
  findings: readonly Finding[],
  now: number,
): Promise<void> {
  const advisories = new Map<string, AdvisoryRow>();
  const rows = findings.map((finding, position): ScanFindingRow => {
    const advisory = toAdvisory(finding, now);
    advisories.set(advisory.hash, advisory);
    return {
      digest,
      position,
      vulnerability: finding.vulnerability,
      advisory: advisory.hash,
      severity: finding.severity,
      fixable: finding.fixedIn === undefined ? 0 : 1,
      package_name: finding.packageName,
      package_version: finding.packageVersion,
      fixed_in: finding.fixedIn ?? null,
      introduced_in: finding.introducedIn ?? null,
      distribution: finding.distribution ?? null,
    };
  });
  await queries(Table.scanFindings).where('digest', digest).delete();
  // Rows that images share are always written in the same order, so that two transactions do not
  // deadlock.
  await putAdvisories(queries, [...advisories.values()].sort(byKey('hash')), now);
  await putNames(queries, [...new Set(findings.map(({ vulnerability }) => vulnerability))].sort(), now);
  await bulkInsert(queries, Table.scanFindings, rows);
}

/** Counts the findings by severity and fixability. */
export function countFindings(findings: readonly Finding[]): FindingCounts {
  const counts = { total: 0, fixable: 0, critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity, fixedIn } of findings) {
    counts.total += 1;
    if (fixedIn !== undefined) counts.fixable += 1;
    counts[severityOf(severity).toLowerCase() as Exclude<keyof FindingCounts, 'total' | 'fixable'>] += 1;
  }
  return counts;
}

async function putAdvisories(queries: Queries, advisories: readonly AdvisoryRow[], now: number): Promise<void> {
  const fresh = new Set<string>();
  for (const part of chunks(advisories.map(({ hash }) => hash))) {
    const rows = await queries<AdvisoryRow>(Table.advisories)
      .whereIn('hash', part)
      .where('used_at', '>', now - FRESH_MS)
      .select('hash');
    for (const { hash } of rows) fresh.add(hash);
  }
  const missing = advisories.filter(({ hash }) => !fresh.has(hash));
  for (const part of chunks(missing, 1000))
    await bulkInsert(queries, Table.advisories, part, {
      kind: 'merge',
      key: ['hash'],
      columns: { used_at: 'replace' },
    });
}

async function putNames(queries: Queries, names: readonly string[], now: number): Promise<void> {
  const known = new Set<string>();
  for (const part of chunks(names)) {
    const rows = await queries<KnownVulnerabilityRow>(Table.knownVulnerabilities).whereIn('name', part).select('name');
    for (const { name } of rows) known.add(name);
  }
  const fresh: KnownVulnerabilityRow[] = names
    .filter((name) => !known.has(name))
    .map((name) => ({ name, first_seen_at: now }));
  await bulkInsert(queries, Table.knownVulnerabilities, fresh, { kind: 'keep' });
}

function toAdvisory({ description, links }: Finding, now: number): AdvisoryRow {
  const text = JSON.stringify(links);
  const hash = createHash('sha256')
    .update(JSON.stringify([description, text]))
    .digest('hex');
  return { hash, description, links: text, used_at: now };
}

function byKey<K extends string>(key: K): (a: Readonly<Record<K, string>>, b: Readonly<Record<K, string>>) => number {
  return (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
}
