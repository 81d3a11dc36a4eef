import { InputType } from 'type-graphql';
import { QUOTA_SETTINGS } from '../../tenancy/organizations/quota';
import { inputFields } from '../types/setting-fields';

/** A limit to be set. */
@InputType('QuotaInput', { description: 'The whole quota. A field that is left out, or null, has its default.' })
export class QuotaInput extends inputFields(QUOTA_SETTINGS) {}
