import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../request/context';
import { ProxyCacheConfigType } from '../types/proxy-cache.type';
import { toUpstreamStatusType, UpstreamStatusType } from '../types/upstream-status.type';

/** Resolves the status of an upstream as data planes see it. */
@Resolver(() => ProxyCacheConfigType)
export class UpstreamStatusResolver {
  @FieldResolver(() => UpstreamStatusType)
  async upstreamStatus(
    @Root() root: ProxyCacheConfigType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UpstreamStatusType> {
    return toUpstreamStatusType(await loaders.upstreamStatus.load(root.organizationUid));
  }
}
