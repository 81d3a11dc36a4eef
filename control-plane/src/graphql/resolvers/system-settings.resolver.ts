import { Arg, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import { actorOf } from '../../tenancy/tokens/viewer';
import type { GraphqlContext } from '../request/context';
import type { SystemSettings } from '../../tenancy/settings/system-settings';
import type { SystemSettingsService } from '../../tenancy/settings/system-settings.service';
import { SystemSettingsInput, SystemSettingsType } from '../types/system-settings.type';

/** Resolves and changes the global switches. */
@Resolver()
export class SystemSettingsResolver {
  constructor(private readonly settings: SystemSettingsService) {}

  @Query(() => SystemSettingsType, { description: 'The current global switches.' })
  async systemSettings(): Promise<SystemSettingsType> {
    return this.toType(await this.settings.read());
  }

  @Mutation(() => SystemSettingsType, {
    description:
      'Changes global switches. The change applies to all nodes. Errors: VERSION_CONFLICT; CONFLICT if the ' +
      'environment forces a switch to the other value.',
  })
  async updateSystemSettings(
    @Ctx() context: GraphqlContext,
    @Arg('input', () => SystemSettingsInput) input: SystemSettingsInput,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<SystemSettingsType> {
    const settings = await this.settings.update(
      {
        proxyCacheEnabled: input.proxyCacheEnabled ?? undefined,
        quotaManagementEnabled: input.quotaManagementEnabled ?? undefined,
        scanningEnabled: input.scanningEnabled ?? undefined,
      },
      expectedVersion ?? undefined,
      actorOf(context.viewer),
    );
    return this.toType(settings);
  }

  private toType(settings: SystemSettings): SystemSettingsType {
    return Object.assign(new SystemSettingsType(), settings, { heldByEnvironment: this.settings.forcedSwitches() });
  }
}
