import { limitWith } from '../parts/limits';
import { challengeBearer, errorAnswer } from '../parts/refusals';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/** The size of the largest response headers that were seen, in bytes. */
const LARGE_HEADERS = 21_000;

/**
 * Google Artifact Registry. The token server refuses repositories that the client may not read,
 * also if they do not exist. Blobs are redirected to a path of the same host, and the headers of
 * such an answer are large.
 *
 * Sources:
 * - 21 KB of headers: https://github.com/actions/attest-build-provenance/pull/687
 * - token server: https://github.com/argoproj/argo-cd/issues/26260
 * - relative redirects to `/artifacts-downloads/…`:
 *   https://github.com/astral-sh/uv/pull/13041 and
 *   https://github.com/rpardini/docker-registry-proxy/issues/159
 * - limit of one minute: https://github.com/kubernetes/k8s.io/issues/6431 and
 *   https://github.com/kubernetes/registry.k8s.io/issues/153
 */
export const ARTIFACT_REGISTRY: RegistryProfile = {
  key: 'artifact-registry',
  name: 'Google Artifact Registry',
  repository: 'project/repository/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'oauth2accesstoken', password: 'ya29.example' },
    refuse: challengeBearer({ service: 'us-docker.pkg.dev' }),
    tokens: {
      path: '/v2/token',
      field: 'token',
      expiresIn: null,
      refusal: errorAnswer(
        403,
        'DENIED',
        'Unauthenticated request. Unauthenticated requests do not have permission ' +
          '"artifactregistry.repositories.downloadArtifacts" (or it may not exist)',
      ),
    },
  },
  blobs: {
    redirect: {
      status: 302,
      sameHost: true,
      target: ({ digest }) =>
        `/artifacts-downloads/namespaces/project/repositories/repository/downloads/${digest.slice(7).padEnd(LARGE_HEADERS, 'AHf3wE4n')}`,
      signedFor: 'any',
    },
  },
  tags: pagesByLast(),
  referrers: 'api',
  limit: limitWith("Quota exceeded for quota metric 'Requests per project per user'"),
  missing: { repository: 403 },
};
