import { answer, serveReferrers, REPOSITORY_PATH } from '../../fake-registry';
import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer, challengeWith } from '../parts/refusals';
import { distributionPath, S3_TWO_MECHANISMS, s3Url } from '../parts/storages';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

const bearer = challengeBearer({ service: 'harbor-registry' });
const basic = challengeWith(() => 'Basic realm="harbor"');

/**
 * Harbor. GET of a public project needs no token, HEAD does. A request with an Authorization header
 * that does not help is challenged with Basic, also if a Bearer token was sent; the account is
 * accepted with Basic too. The referrers of an unknown manifest are the JSON object `{}`. With an
 * S3 storage, blobs are redirected.
 *
 * Sources:
 * - challenges: https://github.com/goharbor/harbor/blob/main/src/server/middleware/v2auth/auth.go
 * - Basic:
 *   https://github.com/goharbor/harbor/blob/main/src/server/middleware/security/basic_auth.go
 * - tokens: https://github.com/goharbor/harbor/blob/main/src/core/service/token/authutils.go
 * - tags: https://github.com/goharbor/harbor/blob/main/src/server/registry/tag.go
 * - referrers: https://github.com/goharbor/harbor/blob/main/src/server/registry/referrers.go
 * - redirects: https://github.com/containerd/containerd/issues/10374
 */
export const HARBOR: RegistryProfile = {
  key: 'harbor',
  name: 'Harbor',
  repository: 'library/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: 'robot$library+layover', password: 'ExampleSecret1' },
    refuse: (refusal) => (refusal.reason === 'anonymous' ? bearer(refusal) : basic(refusal)),
    tokens: { path: '/service/token', field: 'token', expiresIn: 1800 },
    acceptsBasic: true,
    opensPublicReads: true,
  },
  blobs: {
    redirect: {
      status: 307,
      target: ({ digest }) => s3Url(distributionPath(digest)),
      signedFor: 'method',
      withAuthorization: S3_TWO_MECHANISMS,
    },
  },
  tags: pagesByLast(),
  referrers: (exchange) => {
    const [, repository = '', , digest = ''] = REPOSITORY_PATH.exec(exchange.entry.path) ?? [];
    if (exchange.content.manifest(repository, digest) !== undefined) {
      return serveReferrers(exchange, repository, digest);
    }
    const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json', 'x-total-count': '0' };
    return answer(exchange, 200, headers, Buffer.from('{}\n'));
  },
  limit: SPECIFIED_LIMIT,
  missing: { repository: 403 },
};
