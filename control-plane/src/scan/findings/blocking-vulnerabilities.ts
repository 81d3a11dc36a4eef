import { Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { rankOf } from '../../tenancy/organizations/severity';

/** A vulnerability that blocks an image. */
export interface BlockingVulnerability {
  readonly name: string;
  /** See rankOf. */
  readonly severity: number;
}

/**
 * Returns the vulnerabilities of an image that a policy blocks, each name once, the most severe
 * first. `now` is in milliseconds since the epoch.
 */
export async function blockingVulnerabilities(
  queries: Queries,
  digest: string,
  policy: ScanPolicy,
  now: number,
): Promise<readonly BlockingVulnerability[]> {
  const query = queries(`${Table.scanFindings} as f`)
    .where('f.digest', digest)
    .where('f.severity', '>=', rankOf(policy.blockFrom))
    .groupBy('f.vulnerability')
    .orderByRaw('MIN(f.position)')
    .select({ name: 'f.vulnerability' })
    .max({ severity: 'f.severity' });
  if (policy.onlyFixable) void query.where('f.fixable', 1);
  if (policy.graceSeconds > 0)
    void query
      .join(`${Table.knownVulnerabilities} as k`, 'k.name', 'f.vulnerability')
      .where('k.first_seen_at', '<=', now - policy.graceSeconds * 1000);
  const rows = (await query) as unknown as { name: string; severity: number | string }[];
  const allowed = new Set(policy.allowedVulnerabilities);
  return rows
    .filter(({ name }) => !allowed.has(name))
    .map(({ name, severity }) => ({ name, severity: Number(severity) }));
}
