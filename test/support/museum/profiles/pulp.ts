import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer } from '../parts/refusals';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * Pulp. Manifests and blobs are redirected to the content server with signed URLs. The token server
 * insists on the `service` of the challenge.
 *
 * Sources:
 * - tokens: https://github.com/pulp/pulp_container/blob/main/pulp_container/app/authorization.py
 * - errors of challenges:
 *   https://github.com/pulp/pulp_container/blob/main/pulp_container/app/registry_api.py
 * - redirects: https://github.com/pulp/pulp_container/blob/main/pulp_container/app/redirects.py
 */
export const PULP: RegistryProfile = {
  key: 'pulp',
  name: 'Pulp',
  repository: 'team/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'puller', password: 'example' },
    refuse: challengeBearer({ service: 'pulp.example', namesError: true }),
    tokens: { path: '/token/', field: 'token', expiresIn: 300, requiredService: 'pulp.example' },
  },
  blobs: {
    redirect: {
      status: 302,
      target: ({ kind, digest, repository }) =>
        `/pulp/container/${repository}/${kind}/${digest}?expires=1767225600&validate_token=${'5e'.repeat(32)}`,
      signedFor: 'any',
    },
  },
  redirectsManifests: true,
  tags: pagesByLast(),
  referrers: 'absent',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 403 },
};
