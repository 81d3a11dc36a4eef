import type { ScanPolicyRow } from '../../../../schema/scan-tables';
import type { Severity } from './severity';

/** What a gate does with an image that has no scan. */
export const UnscannedPolicy = { SERVE: 'SERVE', WAIT: 'WAIT', REFUSE: 'REFUSE' } as const;
export type UnscannedPolicy = (typeof UnscannedPolicy)[keyof typeof UnscannedPolicy];

/** Which images an organization does not give out. */
export interface ScanPolicy {
  /** Vulnerabilities at least that bad block an image. */
  readonly blockFrom: Severity;
  /** Only those that a newer version of the package is without. */
  readonly onlyFixable: boolean;
  /** How long after this Layover first saw a vulnerability it does not block. */
  readonly graceSeconds: number;
  readonly unscanned: UnscannedPolicy;
  /** WAIT: how long a pull waits for a scan. */
  readonly waitSeconds: number;
  /** Names of vulnerabilities that never block; sorted, each once. */
  readonly allowedVulnerabilities: readonly string[];
}

/** The policy in a row. */
export function fromScanPolicyRow(row: ScanPolicyRow): ScanPolicy {
  return {
    blockFrom: row.block_from as Severity,
    onlyFixable: row.only_fixable === 1,
    graceSeconds: row.grace_seconds,
    unscanned: row.unscanned as UnscannedPolicy,
    waitSeconds: row.wait_seconds,
    allowedVulnerabilities: JSON.parse(row.allowed_vulnerabilities) as string[],
  };
}

/** The row of an organization's policy. */
export function toScanPolicyRow(uid: string, policy: ScanPolicy): ScanPolicyRow {
  return {
    organization_uid: uid,
    block_from: policy.blockFrom,
    only_fixable: policy.onlyFixable ? 1 : 0,
    grace_seconds: policy.graceSeconds,
    unscanned: policy.unscanned,
    wait_seconds: policy.waitSeconds,
    allowed_vulnerabilities: JSON.stringify(policy.allowedVulnerabilities),
  };
}
