import { InputType } from 'type-graphql';
import { QUOTA_SETTINGS } from '../../tenancy/organizations/quota';
import { inputFields } from '../types/setting-fields';

/** A whole quota. */
@InputType('QuotaInput', { description: 'A whole quota. Fields that are omitted or null have their defaults.' })
export class QuotaInput extends inputFields(QUOTA_SETTINGS) {}
