import { ObjectType } from 'type-graphql';
import { SCAN_POLICY_SETTINGS, type ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { outputFields, toOutput } from './setting-fields';

/** The scan policy of an organization in GraphQL. */
@ObjectType('ScanPolicy', {
  description: 'Decides which images are not served. Pulls of these images are answered with 403 DENIED.',
})
export class ScanPolicyType extends outputFields(SCAN_POLICY_SETTINGS) {}

/** Converts a scan policy to its GraphQL type. */
export function toScanPolicyType(policy: ScanPolicy): ScanPolicyType {
  return Object.assign(new ScanPolicyType(), toOutput(SCAN_POLICY_SETTINGS, policy));
}
