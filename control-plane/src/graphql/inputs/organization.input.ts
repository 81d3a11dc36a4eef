import { Field, InputType, Int } from 'type-graphql';
import { Visibility } from '../types/enums';
import { ProxyCacheInput } from './proxy-cache.input';
import { ScanPolicyInput } from './scan-policy.input';
import { QuotaInput } from './quota.input';
import { MAX_DESCRIPTION, ORGANIZATION_NAME_RULE } from '../../tenancy/organizations/validate-organization';

const TIME_MACHINE = '0 to 315360000 seconds: how long an expired, moved or deleted tag can be restored.';

/** A whole organization. */
@InputType('OrganizationInput', { description: 'A whole organization: what is left out, or null, has its default.' })
export class OrganizationInput {
  @Field(() => String, { description: `${ORGANIZATION_NAME_RULE}. It can't be changed later.` })
  name!: string;

  @Field(() => String, { nullable: true, defaultValue: '', description: `At most ${MAX_DESCRIPTION} characters.` })
  description?: string | null;

  @Field(() => Visibility, { nullable: true, defaultValue: Visibility.PUBLIC, description: 'Who may pull.' })
  visibility?: Visibility | null;

  @Field(() => Int, { nullable: true, defaultValue: 1209600, description: TIME_MACHINE })
  timeMachineSeconds?: number | null;

  @Field(() => ProxyCacheInput, { nullable: true, description: 'null: it proxies nothing.' })
  proxyCache?: ProxyCacheInput | null;

  @Field(() => QuotaInput, { nullable: true, description: 'null: no limit.' })
  quota?: QuotaInput | null;

  @Field(() => ScanPolicyInput, { nullable: true, description: 'null: every image is given out.' })
  scanPolicy?: ScanPolicyInput | null;
}

/** Changes to an organization. */
@InputType('OrganizationPatch', { description: 'What is left out stays as it is.' })
export class OrganizationPatch {
  @Field(() => String, { nullable: true, description: `At most ${MAX_DESCRIPTION} characters; not null.` })
  description?: string | null;

  @Field(() => Visibility, { nullable: true, description: 'Who may pull; not null.' })
  visibility?: Visibility | null;

  @Field(() => Int, { nullable: true, description: `${TIME_MACHINE} Not null.` })
  timeMachineSeconds?: number | null;

  @Field(() => ProxyCacheInput, { nullable: true, description: 'null takes the configuration away' })
  proxyCache?: ProxyCacheInput | null;

  @Field(() => QuotaInput, { nullable: true, description: 'null takes the limit away' })
  quota?: QuotaInput | null;

  @Field(() => ScanPolicyInput, { nullable: true, description: 'null takes the gate away' })
  scanPolicy?: ScanPolicyInput | null;
}
