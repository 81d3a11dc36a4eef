import { Field, InputType, Int, ObjectType } from 'type-graphql';

/** The GraphQL type of the global switches. */
@ObjectType('SystemSettings', { description: 'Global switches. The environment can force some of them.' })
export class SystemSettingsType {
  @Field(() => Boolean, {
    description: 'If false, every pull is refused (403 DENIED), including cached content. Default: true.',
  })
  proxyCacheEnabled!: boolean;

  @Field(() => Boolean, { description: 'If false, there are no quotas and no evictions. Default: true.' })
  quotaManagementEnabled!: boolean;

  @Field(() => Boolean, {
    description: 'Whether images are scanned; only if LAYOVER_CLAIR_URL is set. Default: true.',
  })
  scanningEnabled!: boolean;

  @Field(() => Int, { description: 'Increases by one with every change.' })
  version!: number;

  @Field(() => [String], {
    description: 'The switches that the environment forces (LAYOVER_FEATURE_…). GraphQL cannot change them.',
  })
  heldByEnvironment!: readonly string[];
}

/** The switches to change. */
@InputType('SystemSettingsInput', { description: 'Fields that are omitted or null do not change.' })
export class SystemSettingsInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'If false, every pull is refused (403 DENIED), including cached content.',
  })
  proxyCacheEnabled?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'If false, there are no quotas and no evictions.' })
  quotaManagementEnabled?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether images are scanned.' })
  scanningEnabled?: boolean | null;
}
