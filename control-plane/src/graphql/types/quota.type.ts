import { ObjectType } from 'type-graphql';
import { type Quota, QUOTA_SETTINGS } from '../../tenancy/organizations/quota';
import { outputFields, toOutput } from './setting-fields';

/** The quota of an organization in GraphQL. */
@ObjectType('Quota', { description: 'The limit on the bytes that an organization holds.' })
export class QuotaType extends outputFields(QUOTA_SETTINGS) {}

/** Converts a quota to its GraphQL type. */
export function toQuotaType(quota: Quota): QuotaType {
  return Object.assign(new QuotaType(), toOutput(QUOTA_SETTINGS, quota));
}
