import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer } from '../parts/refusals';
import { cloudFrontUrl } from '../parts/storages';
import { pagesByToken } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * quay.io. Tokens live for an hour, which their answers do not say, and are issued for any
 * repository; what a token may not read is answered with 401, also if it does not exist. Pages of
 * tags continue by an encrypted `next_page`; `last` is not understood. GET of a blob is redirected,
 * HEAD is answered directly. The largest page is 100 tags; here it is 4.
 *
 * Sources:
 * - challenge: https://github.com/quay/quay/blob/master/auth/registry_jwt_auth.py
 * - tokens: https://github.com/quay/quay/blob/master/endpoints/v2/v2auth.py
 * - pages and refusals: https://github.com/quay/quay/blob/master/endpoints/v2/__init__.py and
 *   https://github.com/deitch/docker_registry2/issues/56
 * - blobs: https://github.com/quay/quay/blob/master/endpoints/v2/blob.py
 * - referrers: https://github.com/quay/quay/blob/master/endpoints/v2/referrers.py
 */
export const QUAY: RegistryProfile = {
  key: 'quay',
  name: 'quay.io',
  repository: 'team/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'team+robot', password: 'ROBOTTOKEN' },
    refuse: challengeBearer({ service: 'quay.io' }),
    tokens: { path: '/v2/auth', field: 'token', expiresIn: null, lifetimeSeconds: 3600 },
  },
  blobs: {
    redirect: {
      status: 302,
      target: ({ digest }) => cloudFrontUrl(`/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`),
      signedFor: 'any',
      namesDigest: true,
    },
    head: 'direct',
  },
  tags: pagesByToken('next_page', { maximum: 4 }),
  referrers: 'api',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 403 },
};
