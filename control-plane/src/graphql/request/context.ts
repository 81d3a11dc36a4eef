import type { Viewer } from '../../tenancy/tokens/viewer';
import type { Loaders } from './loaders';

/** What every resolver of one request gets. */
export interface RequestContext {
  readonly viewer: Viewer;
  readonly loaders: Loaders;
}
