import { Ctx, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../request/context';
import { ViewerType } from '../types/viewer.type';

/** Who asks, in GraphQL. */
@Resolver()
export class ViewerResolver {
  @Query(() => ViewerType, { description: 'Who this token is, and what it may do.' })
  viewer(@Ctx() { viewer }: RequestContext): ViewerType {
    return Object.assign(new ViewerType(), {
      name: viewer.name,
      role: viewer.role,
      organization: viewer.organization?.name ?? null,
    });
  }
}
