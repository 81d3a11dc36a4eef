import { Arg, Ctx, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { Role } from '../types/enums';
import { actorOf } from '../../tenancy/tokens/viewer';
import type { RequestContext } from '../request/context';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { type ApiTokenService, TOKEN_NAME_RULE } from '../../tenancy/tokens/api-token.service';

/** A token that was just made. */
@ObjectType('ApiTokenSecret')
export class ApiTokenSecretType {
  @Field(() => ID, { description: 'What revokeApiToken takes.' })
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'The token itself: shown once, stored as a hash.' })
  token!: string;
}

/** Tokens of the management API in GraphQL. */
@Resolver()
export class ApiTokenResolver {
  constructor(private readonly tokens: ApiTokenService) {}

  @Mutation(() => ApiTokenSecretType, {
    description: `Makes a token. name: ${TOKEN_NAME_RULE}. organization: for MANAGER and READER. expiresAt: null = never. Errors: BAD_USER_INPUT, NOT_FOUND.`,
  })
  createApiToken(
    @Ctx() context: RequestContext,
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
    description: 'Revokes a token from the next request on. false: there is none, or it was revoked before.',
  })
  revokeApiToken(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    return this.tokens.revoke(id, actorOf(context.viewer));
  }
}
