import { InputType } from 'type-graphql';
import { SCAN_POLICY_SETTINGS } from '../../tenancy/organizations/scan-policy';
import { inputFields } from '../types/setting-fields';

/** A whole scan policy. */
@InputType('ScanPolicyInput', {
  description: 'A whole scan policy. Fields that are omitted or null have their defaults.',
})
export class ScanPolicyInput extends inputFields(SCAN_POLICY_SETTINGS) {}
