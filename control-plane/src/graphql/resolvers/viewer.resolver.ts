import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../request/context';
import { ViewerType } from '../types/viewer.type';

/** Resolves the token that sent the request. */
@Resolver()
export class ViewerResolver {
  @Query(() => ViewerType, { description: 'The token that sent the request, with its role.' })
  viewer(@Ctx() { viewer }: GraphqlContext): ViewerType {
    return Object.assign(new ViewerType(), {
      name: viewer.name,
      role: viewer.role,
      organization: viewer.organization?.name ?? null,
    });
  }
}
