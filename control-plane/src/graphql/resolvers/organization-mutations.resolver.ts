import { Arg, Ctx, Int, Mutation, Resolver } from 'type-graphql';
import { actorOf, authorOf } from '../../tenancy/tokens/viewer';
import type { GraphqlContext } from '../request/context';
import { OrganizationInput, OrganizationPatch } from '../inputs/organization.input';
import type { OrganizationService } from '../../tenancy/organizations/organization.service';
import { OrganizationType, toOrganizationType } from '../types/organization.type';
import { validateOrganization, validatePatch } from '../../tenancy/organizations/validate-organization';

/** Creates, changes and deletes organizations. */
@Resolver()
export class OrganizationMutationsResolver {
  constructor(private readonly organizations: OrganizationService) {}

  @Mutation(() => OrganizationType, {
    description: 'Creates an organization. Errors: BAD_USER_INPUT; CONFLICT if its name or mirrorHost is in use.',
  })
  async createOrganization(
    @Ctx() context: GraphqlContext,
    @Arg('input', () => OrganizationInput) input: OrganizationInput,
  ): Promise<OrganizationType> {
    const desired = validateOrganization(input);
    return toOrganizationType(await this.organizations.create(input.name, desired, authorOf(context.viewer)));
  }

  @Mutation(() => OrganizationType, {
    description:
      'Changes the fields in the input and leaves all others. Errors: BAD_USER_INPUT, NOT_FOUND, ' +
      'CONFLICT; VERSION_CONFLICT if the organization is not at expectedVersion; FORBIDDEN for a ' +
      'change that only an administrator may make.',
  })
  async updateOrganization(
    @Ctx() context: GraphqlContext,
    @Arg('name', () => String) name: string,
    @Arg('input', () => OrganizationPatch) input: OrganizationPatch,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<OrganizationType> {
    const patch = validatePatch(input);
    return toOrganizationType(
      await this.organizations.update(name, patch, expectedVersion ?? undefined, authorOf(context.viewer)),
    );
  }

  @Mutation(() => OrganizationType, {
    description:
      'Creates the organization, or changes it to match the input; omitted fields get their ' +
      'defaults. Repeating the same input creates no new version and no audit event. An ' +
      'organization that does not exist has version 0. Errors: BAD_USER_INPUT, CONFLICT, ' +
      'VERSION_CONFLICT; FORBIDDEN for a change that only an administrator may make.',
  })
  async applyOrganization(
    @Ctx() context: GraphqlContext,
    @Arg('input', () => OrganizationInput) input: OrganizationInput,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<OrganizationType> {
    const desired = validateOrganization(input);
    return toOrganizationType(
      await this.organizations.apply(input.name, desired, expectedVersion ?? undefined, authorOf(context.viewer)),
    );
  }

  @Mutation(() => Boolean, {
    description:
      'Deletes an organization. Later collections remove its content. Returns false if the organization does ' +
      'not exist; this is not an error. Errors: VERSION_CONFLICT.',
  })
  deleteOrganization(
    @Ctx() context: GraphqlContext,
    @Arg('name', () => String) name: string,
    @Arg('expectedVersion', () => Int, { nullable: true }) expectedVersion: number | null | undefined,
  ): Promise<boolean> {
    return this.organizations.delete(name, expectedVersion ?? undefined, actorOf(context.viewer));
  }
}
