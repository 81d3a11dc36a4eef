import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer } from '../parts/refusals';
import { S3_TWO_MECHANISMS, s3Url } from '../parts/storages';
import { pagesByCount } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * JFrog Artifactory, in the cloud. The challenge to HEAD has no scope. Pages of tags continue by a
 * number, and the path of links lacks the repository of Artifactory. Blobs are redirected to S3.
 *
 * Sources:
 * - challenges: https://github.com/containerd/containerd/issues/3556 and
 *   https://github.com/containerd/containerd/issues/6339
 * - pages: https://github.com/renovatebot/renovate/issues/15080 and
 *   https://github.com/renovatebot/renovate/pull/20745
 * - redirects: https://github.com/chef/artifactory-client/issues/135 and
 *   https://github.com/jfrog/artifactory-client-java/issues/282
 */
export const ARTIFACTORY: RegistryProfile = {
  key: 'artifactory',
  name: 'JFrog Artifactory',
  repository: 'docker/team/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'reader', password: 'AKCexample' },
    refuse: challengeBearer({
      scope: ({ method, repository }) =>
        method === 'HEAD' || repository === undefined ? null : `repository:${repository}:pull`,
    }),
    tokens: { path: '/artifactory/api/docker/docker/v2/token', field: 'token', expiresIn: null },
  },
  blobs: {
    redirect: {
      status: 302,
      target: ({ digest }) => s3Url(`/example-filestore/${digest.slice(7, 9)}/${digest.slice(7)}`),
      signedFor: 'method',
      withAuthorization: S3_TWO_MECHANISMS,
    },
  },
  tags: pagesByCount({ path: (path) => path.replace('/v2/docker/', '/v2/') }),
  referrers: 'absent',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 403 },
};
