import { Field, InputType } from 'type-graphql';
import { ORGANIZATION_SETTINGS } from '../../tenancy/organizations/organization';
import { ORGANIZATION_NAME_RULE } from '../../tenancy/organizations/validate-organization';
import { inputFields, patchFields } from '../types/setting-fields';
import { ProxyCacheInput } from './proxy-cache.input';
import { QuotaInput } from './quota.input';
import { ScanPolicyInput } from './scan-policy.input';

/** A whole organization. */
@InputType('OrganizationInput', {
  description: 'A whole organization. Fields that are omitted or null have their defaults.',
})
export class OrganizationInput extends inputFields(ORGANIZATION_SETTINGS) {
  @Field(() => String, { description: `${ORGANIZATION_NAME_RULE}. It cannot be changed later.` })
  name!: string;

  @Field(() => ProxyCacheInput, { nullable: true, description: 'Null means that the organization has no upstream.' })
  proxyCache?: ProxyCacheInput | null;

  @Field(() => QuotaInput, { nullable: true, description: 'Null means no limit.' })
  quota?: QuotaInput | null;

  @Field(() => ScanPolicyInput, {
    nullable: true,
    description: 'Null means that every image is served, regardless of its scan.',
  })
  scanPolicy?: ScanPolicyInput | null;
}

/** Changes to an organization. */
@InputType('OrganizationPatch', {
  description: 'Changes to an organization. Fields that are omitted keep their values.',
})
export class OrganizationPatch extends patchFields(ORGANIZATION_SETTINGS) {
  @Field(() => ProxyCacheInput, { nullable: true, description: 'Null removes the configuration.' })
  proxyCache?: ProxyCacheInput | null;

  @Field(() => QuotaInput, { nullable: true, description: 'Null removes the limit.' })
  quota?: QuotaInput | null;

  @Field(() => ScanPolicyInput, { nullable: true, description: 'Null removes the policy.' })
  scanPolicy?: ScanPolicyInput | null;
}
