import { Field, InputType, Int } from 'type-graphql';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { Severity, UnscannedPolicy } from '../types/enums';
import { SCAN_POLICY_FIELDS } from '../types/scan-policy.type';

const { BLOCK_FROM, ONLY_FIXABLE, GRACE, UNSCANNED, WAIT, ALLOWED } = SCAN_POLICY_FIELDS;

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
