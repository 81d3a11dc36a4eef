import { Query, Resolver } from 'type-graphql';
import { type BuildInfo, readBuildInfo } from '../../../../common/runtime/build-info';
import { BuildInfoType } from '../types/build-info.type';

/** Resolves the version and the commit of this control plane. */
@Resolver()
export class BuildInfoResolver {
  constructor(private readonly info: BuildInfo = readBuildInfo()) {}

  @Query(() => BuildInfoType, {
    description: 'The version and commit of the control plane that answers. Any valid token may read it.',
  })
  buildInfo(): BuildInfoType {
    return Object.assign(new BuildInfoType(), this.info);
  }
}
