import { Arg, Ctx, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { Role } from '../types/enums';
import { actorOf } from '../../tenancy/tokens/viewer';
import type { GraphqlContext } from '../request/context';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { type ApiTokenService, TOKEN_NAME_RULE } from '../../tenancy/tokens/api-token.service';

/** A token that was just created. */
@ObjectType('ApiTokenSecret')
export class ApiTokenSecretType {
  @Field(() => ID, { description: 'The argument of revokeApiToken.' })
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'The token. It is shown only once and stored as a hash.' })
  token!: string;
}

/** Creates and revokes API tokens. */
@Resolver()
export class ApiTokenResolver {
  constructor(private readonly tokens: ApiTokenService) {}

  @Mutation(() => ApiTokenSecretType, {
    description:
      `Creates an API token. name: ${TOKEN_NAME_RULE}. organization: required for MANAGER and ` +
      'READER. expiresAt: null means never. Errors: BAD_USER_INPUT, NOT_FOUND.',
  })
  createApiToken(
    @Ctx() context: GraphqlContext,
    @Arg('name', () => String) name: string,
    @Arg('role', () => Role) role: Role,
    @Arg('organization', () => String, { nullable: true }) organization: string | null | undefined,
    @Arg('expiresAt', () => DateTimeScalar, { nullable: true }) expiresAt: number | null | undefined,
  ): Promise<ApiTokenSecretType> {
    return this.tokens.create(
      { name, role, organization: organization ?? undefined, expiresAt: expiresAt ?? undefined },
      actorOf(context.viewer),
    );
  }

  @Mutation(() => Boolean, {
    description:
      'Revokes an API token, starting with the next request. Returns false if the token does not ' +
      'exist or was already revoked.',
  })
  revokeApiToken(@Ctx() context: GraphqlContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    return this.tokens.revoke(id, actorOf(context.viewer));
  }
}
