import { Field, Int, ObjectType } from 'type-graphql';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { Severity, UnscannedPolicy } from './enums';

const BLOCK_FROM = 'Vulnerabilities at least that bad block an image.';
const ONLY_FIXABLE = 'Only those count of which a version of the package is known that is without.';
const GRACE =
  '0 to 315360000 seconds: how long a vulnerability does not block after this Layover first saw it in any image.';
const UNSCANNED = 'What becomes of a pull of an image whose scan has not ended.';
const WAIT = '1 to 100 seconds: how long WAIT waits. An edge gives a pull two minutes.';
const ALLOWED = 'Names of vulnerabilities that never block, as Scan.vulnerabilities has them.';

/** Descriptions of the fields of a scan policy, for the output type and the input type. */
export const SCAN_POLICY_FIELDS = { BLOCK_FROM, ONLY_FIXABLE, GRACE, UNSCANNED, WAIT, ALLOWED } as const;

/** A gate, as GraphQL shows it. */
@ObjectType('ScanPolicy', { description: 'Which images are not given out: pulls of them are answered 403 DENIED.' })
export class ScanPolicyType {
  @Field(() => Severity, { description: BLOCK_FROM })
  blockFrom!: Severity;

  @Field(() => Boolean, { description: ONLY_FIXABLE })
  onlyFixable!: boolean;

  @Field(() => Int, { description: GRACE })
  graceSeconds!: number;

  @Field(() => UnscannedPolicy, { description: UNSCANNED })
  unscanned!: ScanPolicy['unscanned'];

  @Field(() => Int, { description: WAIT })
  waitSeconds!: number;

  @Field(() => [String], { description: ALLOWED })
  allowedVulnerabilities!: readonly string[];
}

/** The gate of an organization. */
export function toScanPolicyType(policy: ScanPolicy): ScanPolicyType {
  return Object.assign(new ScanPolicyType(), policy);
}
