import { ObjectType } from 'type-graphql';
import { type Quota, QUOTA_SETTINGS } from '../../tenancy/organizations/quota';
import { outputFields, toOutput } from './setting-fields';

/** A limit, as GraphQL shows it. */
@ObjectType('Quota', { description: 'A limit on what an organization keeps.' })
export class QuotaType extends outputFields(QUOTA_SETTINGS) {}

/** Returns the quota of an organization as GraphQL shows it. */
export function toQuotaType(quota: Quota): QuotaType {
  return Object.assign(new QuotaType(), toOutput(QUOTA_SETTINGS, quota));
}
