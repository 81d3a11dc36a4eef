import { challengeBearer } from '../parts/refusals';
import { limitWith } from '../parts/limits';
import { distributionPath, S3_TWO_MECHANISMS, s3Url } from '../parts/storages';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * Docker Hub. Tokens come from another host, which issues them for any repository; a token without
 * the right is answered with 401, also for a repository that does not exist. Blobs are redirected
 * to S3 with URLs that are signed for GET. Only GET of a manifest counts for the pull limit.
 *
 * Sources:
 * - challenge, both token fields, 300 seconds, `insufficient_scope`:
 *   https://toddysm.com/2024/01/30/authenticating-with-oci-registries-docker-hub-implementation/
 * - `error="invalid_token"`: https://github.com/docker/hub-feedback/issues/2530
 * - limits and their headers: https://docs.docker.com/docker-hub/usage/pulls/ and
 *   https://github.com/docker/hub-feedback/issues/2464
 * - HEAD at the storage is 403: https://github.com/containerd/stargz-snapshotter/pull/167
 * - relative links to the next page of tags: https://github.com/gadievron/raptor/pull/495
 * - referrers API: https://github.com/awslabs/soci-snapshotter/issues/1828
 */
export const DOCKER_HUB: RegistryProfile = {
  key: 'docker-hub',
  name: 'Docker Hub',
  repository: 'library/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'dockeruser', password: 'dckr_pat_example' },
    refuse: challengeBearer({ service: 'registry.docker.io', namesError: true }),
    tokens: { path: '/token', otherHost: true, field: 'both', expiresIn: 300 },
  },
  blobs: {
    redirect: {
      status: 307,
      target: ({ digest }) => s3Url(`/registry-v2${distributionPath(digest)}`),
      signedFor: 'GET',
      withAuthorization: S3_TWO_MECHANISMS,
    },
  },
  tags: pagesByLast(),
  referrers: 'api',
  headers: { 'docker-ratelimit-source': '192.0.2.7' },
  limit: {
    ...limitWith('You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit'),
    freeHead: true,
  },
  missing: { repository: 403 },
};
