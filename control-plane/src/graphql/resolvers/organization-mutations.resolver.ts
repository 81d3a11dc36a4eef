import { Arg, Ctx, Int, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../../tenancy/tokens/viewer';
import type { RequestContext } from '../request/context';
import { OrganizationInput, OrganizationPatch } from '../inputs/organization.input';
import type { OrganizationService } from '../../tenancy/organizations/organization.service';
import { OrganizationType, toOrganizationType } from '../types/organization.type';
import { validateOrganization, validatePatch } from '../../tenancy/organizations/validate-organization';

/** Organizations in GraphQL: what is changed. */
@Resolver()
export class OrganizationMutationsResolver {
  constructor(private readonly organizations: OrganizationService) {}

  @Mutation(() => OrganizationType, {
    description: 'Creates an organization. Errors: BAD_USER_INPUT; CONFLICT when its name or mirrorHost is taken.',
  })
  async createOrganization(
    @Ctx() context: RequestContext,
    @Arg('input', () => OrganizationInput) input: OrganizationInput,
  ): Promise<OrganizationType> {
    const desired = validateOrganization(input);
    return toOrganizationType(await this.organizations.create(input.name, desired, actorOf(context.viewer)));
  }

  @Mutation(() => OrganizationType, {
    description:
      'Leaves what the input does not name. Errors: BAD_USER_INPUT, NOT_FOUND, CONFLICT; VERSION_CONFLICT when it is not at expectedVersion.',
  })
  async updateOrganization(
    @Ctx() context: RequestContext,
    @Arg('name', () => String) name: string,
    @Arg('input', () => OrganizationPatch) input: OrganizationPatch,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<OrganizationType> {
    const patch = validatePatch(input);
    return toOrganizationType(
      await this.organizations.update(name, patch, expectedVersion ?? undefined, actorOf(context.viewer)),
    );
  }

  @Mutation(() => OrganizationType, {
    description:
      'Makes the organization be what the input says, creating it where there is none; what the input does not name gets its default. The same input again changes nothing: no new version, no audit event. An organization that is not there has version 0. Errors: BAD_USER_INPUT, CONFLICT, VERSION_CONFLICT.',
  })
  async applyOrganization(
    @Ctx() context: RequestContext,
    @Arg('input', () => OrganizationInput) input: OrganizationInput,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<OrganizationType> {
    const desired = validateOrganization(input);
    return toOrganizationType(
      await this.organizations.apply(input.name, desired, expectedVersion ?? undefined, actorOf(context.viewer)),
    );
  }

  @Mutation(() => Boolean, {
    description: 'Its content is collected. Deleting what is not there is no error: false. Errors: VERSION_CONFLICT.',
  })
  deleteOrganization(
    @Ctx() context: RequestContext,
    @Arg('name', () => String) name: string,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<boolean> {
    return this.organizations.delete(name, expectedVersion ?? undefined, actorOf(context.viewer));
  }
}
