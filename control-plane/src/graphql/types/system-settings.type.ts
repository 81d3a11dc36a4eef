import { Field, InputType, Int, ObjectType } from 'type-graphql';

/** The global switches, as GraphQL shows them. */
@ObjectType('SystemSettings', { description: 'Switches for everything. The environment can hold some of them.' })
export class SystemSettingsType {
  @Field(() => Boolean, { description: 'Off: every pull is refused (403 DENIED), cached ones too. Default: true.' })
  proxyCacheEnabled!: boolean;

  @Field(() => Boolean, { description: 'Off: no limits, no evictions. Default: true.' })
  quotaManagementEnabled!: boolean;

  @Field(() => Boolean, {
    description: 'Whether images are scanned, where LAYOVER_CLAIR_URL names a Clair. Default: true.',
  })
  scanningEnabled!: boolean;

  @Field(() => Int, { description: 'Goes up by one with every change.' })
  version!: number;

  @Field(() => [String], {
    description: 'Switches that the environment holds (LAYOVER_FEATURE_…): GraphQL cannot turn them the other way.',
  })
  heldByEnvironment!: readonly string[];
}

/** Switches to change. */
@InputType('SystemSettingsInput', { description: 'What is left out, or null, stays as it is.' })
export class SystemSettingsInput {
  @Field(() => Boolean, { nullable: true, description: 'false: every pull is refused (403 DENIED), cached ones too.' })
  proxyCacheEnabled?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'false: no limits, no evictions.' })
  quotaManagementEnabled?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether images are to be scanned.' })
  scanningEnabled?: boolean | null;
}
