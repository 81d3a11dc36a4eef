import { InputType } from 'type-graphql';
import { SCAN_POLICY_SETTINGS } from '../../tenancy/organizations/scan-policy';
import { inputFields } from '../types/setting-fields';

/** A scan policy to be set. */
@InputType('ScanPolicyInput', { description: 'The whole policy. A field that is left out, or null, has its default.' })
export class ScanPolicyInput extends inputFields(SCAN_POLICY_SETTINGS) {}
