import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer, errorAnswer } from '../parts/refusals';
import { S3_TWO_MECHANISMS, s3Url } from '../parts/storages';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * The container registry of GitHub. Token answers have no lifetime. The token server itself refuses
 * repositories that the client may not read. Blobs are redirected to S3 with URLs that are signed
 * for GET. The referrers endpoint redirects to a page of github.com that does not exist.
 *
 * Sources:
 * - challenge, the scope at the base endpoint, the missing lifetime:
 *   "Authenticating with OCI Registries – GitHub Container Registry (GHCR) Implementation",
 *   https://toddysm.com/2024/02/12/
 * - 403 of the token server:
 *   https://github.com/epics-containers/epics-containers.github.io/issues/109
 * - 307 to S3, and HEAD there is 403: https://github.com/containerd/stargz-snapshotter/pull/167
 * - referrers: https://github.com/artifacthub/hub/issues/4785 and
 *   https://github.com/fluxcd/source-controller/issues/2050
 */
export const GHCR: RegistryProfile = {
  key: 'ghcr',
  name: 'ghcr.io',
  repository: 'octo-org/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'octocat', password: 'ghp_example' },
    refuse: challengeBearer({
      service: 'ghcr.io',
      scope: ({ repository }) => `repository:${repository ?? 'user/image'}:pull`,
    }),
    tokens: {
      path: '/token',
      field: 'token',
      expiresIn: null,
      refusal: errorAnswer(403, 'DENIED', 'requested access to the resource is denied'),
    },
  },
  blobs: {
    redirect: {
      status: 307,
      target: ({ digest }) => s3Url(`/blobs/${digest}`),
      signedFor: 'GET',
      withAuthorization: S3_TWO_MECHANISMS,
    },
  },
  tags: pagesByLast(),
  referrers: {
    status: 303,
    target: (repository) => `/-/v2/packages/container/package/${encodeURIComponent(repository)}%2Freferrers%2Fsha256`,
    answer: { status: 404, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<!DOCTYPE html>' },
  },
  limit: SPECIFIED_LIMIT,
  missing: { repository: 403 },
};
