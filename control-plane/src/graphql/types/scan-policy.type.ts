import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { Severity } from '../../tenancy/organizations/severity';

/** What a gate does with an image that has no scan. */
export const UnscannedPolicy = { SERVE: 'SERVE', WAIT: 'WAIT', REFUSE: 'REFUSE' } as const;
registerEnumType(UnscannedPolicy, {
  name: 'UnscannedPolicy',
  description: 'What becomes of a pull of an image whose scan has not ended, or failed.',
  valuesConfig: {
    SERVE: { description: 'It is served.' },
    WAIT: { description: 'It waits for the scan, for waitSeconds at most; then it is refused (403 DENIED).' },
    REFUSE: { description: 'It is refused (403 DENIED).' },
  },
});

const BLOCK_FROM = 'Vulnerabilities at least that bad block an image.';
const ONLY_FIXABLE = 'Only those count of which a version of the package is known that is without.';
const GRACE =
  '0 to 315360000 seconds: how long a vulnerability does not block after this Layover first saw it in any image.';
const UNSCANNED = 'What becomes of a pull of an image whose scan has not ended.';
const WAIT = '1 to 100 seconds: how long WAIT waits. An edge gives a pull two minutes.';
const ALLOWED = 'Names of vulnerabilities that never block, as Scan.vulnerabilities has them.';

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

/** A gate to be set. */
@InputType('ScanPolicyInput', { description: 'What is left out, or null, has its default.' })
export class ScanPolicyInput {
  @Field(() => Severity, { description: BLOCK_FROM })
  blockFrom!: Severity;

  @Field(() => Boolean, { nullable: true, defaultValue: false, description: ONLY_FIXABLE })
  onlyFixable?: boolean | null;

  @Field(() => Int, { nullable: true, defaultValue: 0, description: GRACE })
  graceSeconds?: number | null;

  @Field(() => UnscannedPolicy, { nullable: true, defaultValue: UnscannedPolicy.SERVE, description: UNSCANNED })
  unscanned?: ScanPolicy['unscanned'] | null;

  @Field(() => Int, { nullable: true, defaultValue: 60, description: WAIT })
  waitSeconds?: number | null;

  @Field(() => [String], { nullable: true, defaultValue: [], description: `${ALLOWED} At most 1000, each once.` })
  allowedVulnerabilities?: readonly string[] | null;
}

/** The gate of an organization. */
export function toScanPolicyType(policy: ScanPolicy): ScanPolicyType {
  return Object.assign(new ScanPolicyType(), policy);
}
