import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../graphql/context';
import { ProxyCacheConfigType } from '../organization/proxy-cache.type';
import { toUpstreamStatusType, UpstreamStatusType } from './upstream-status.type';

/** What data planes see of an upstream, beside its configuration. */
@Resolver(() => ProxyCacheConfigType)
export class UpstreamStatusResolver {
  @FieldResolver(() => UpstreamStatusType)
  async upstreamStatus(
    @Root() root: ProxyCacheConfigType,
    @Ctx() { loaders }: RequestContext,
  ): Promise<UpstreamStatusType> {
    return toUpstreamStatusType(await loaders.upstreamStatus.load(root.organizationUid));
  }
}
