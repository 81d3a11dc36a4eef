import { challengeBearer, errorAnswer } from '../parts/refusals';
import { distributionPath, gcsUrl } from '../parts/storages';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * The registry of GitLab. Tokens come from the host of GitLab itself; they live for five minutes,
 * which their answers do not say. Who may not read a project gets no token. Limits are answered in
 * plain text with `Retry-After`. Blobs are redirected to an object storage with URLs that are
 * signed for the method.
 *
 * Sources:
 * - tokens and refusals: container_registry_authentication_service.rb in app/services/auth of
 *   https://github.com/gitlabhq/gitlabhq
 * - lifetime: "Authenticate with the container registry",
 *   https://docs.gitlab.com/ee/user/packages/container_registry/
 * - realm and service: https://github.com/mkuchin/docker-registry-web/issues/95
 * - limits: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
 * - pages of tags: https://gitlab.com/gitlab-org/container-registry/-/merge_requests/1193
 */
export const GITLAB: RegistryProfile = {
  key: 'gitlab',
  name: 'GitLab',
  repository: 'group/project/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'gitlab+deploy-token-1', password: 'gldt-example' },
    refuse: challengeBearer({ service: 'container_registry', namesError: true }),
    tokens: {
      path: '/jwt/auth',
      otherHost: true,
      field: 'token',
      expiresIn: null,
      lifetimeSeconds: 300,
      refusal: errorAnswer(403, 'DENIED', 'access forbidden'),
    },
  },
  blobs: {
    redirect: { status: 307, target: ({ digest }) => gcsUrl(distributionPath(digest)), signedFor: 'method' },
  },
  tags: pagesByLast(),
  referrers: 'absent',
  limit: {
    answer: {
      status: 429,
      headers: {
        'content-type': 'text/plain',
        'retry-after': '30',
        'ratelimit-limit': '60',
        'ratelimit-remaining': '0',
        'ratelimit-name': 'throttle_unauthenticated',
      },
      body: 'Retry later\n',
    },
    seconds: 30,
  },
  missing: { repository: 403 },
};
