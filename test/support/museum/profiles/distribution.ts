import { challengeBearer } from '../parts/refusals';
import { SPECIFIED_LIMIT } from '../parts/limits';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * The registry of the distribution project without authentication, which keeps its blobs on a disk:
 * the plain case that the other profiles are compared with.
 *
 * Sources: the API of the project, https://distribution.github.io/distribution/spec/api/, and its
 * missing referrers API, https://github.com/distribution/distribution/pull/4828.
 */
export const DISTRIBUTION: RegistryProfile = {
  key: 'distribution',
  name: 'distribution',
  repository: 'team/app',
  authentication: { kind: 'none', anonymous: true, refuse: challengeBearer() },
  blobs: {},
  tags: pagesByLast(),
  referrers: 'absent',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 404 },
};
