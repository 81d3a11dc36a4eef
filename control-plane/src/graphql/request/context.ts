import type { Viewer } from '../../tenancy/tokens/viewer';
import type { Loaders } from './loaders';

/** The context of a request, for all resolvers. */
export interface GraphqlContext {
  readonly viewer: Viewer;
  readonly loaders: Loaders;
}
