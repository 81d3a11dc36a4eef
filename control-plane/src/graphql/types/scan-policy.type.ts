import { ObjectType } from 'type-graphql';
import { SCAN_POLICY_SETTINGS, type ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { outputFields, toOutput } from './setting-fields';

/** A scan policy, as GraphQL shows it. */
@ObjectType('ScanPolicy', { description: 'Which images are not served: pulls of them are answered 403 DENIED.' })
export class ScanPolicyType extends outputFields(SCAN_POLICY_SETTINGS) {}

/** Returns the scan policy of an organization as GraphQL shows it. */
export function toScanPolicyType(policy: ScanPolicy): ScanPolicyType {
  return Object.assign(new ScanPolicyType(), toOutput(SCAN_POLICY_SETTINGS, policy));
}
