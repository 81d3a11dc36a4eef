import { limitWith } from '../parts/limits';
import { challengeBearer, errorAnswer } from '../parts/refusals';
import { cloudFrontUrl } from '../parts/storages';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

const challenge = challengeBearer({ service: 'public.ecr.aws', scope: () => 'aws' });

/**
 * Amazon ECR Public. The scope of challenges is `aws`. A token that is invalid or has ended is
 * answered with 400 without a challenge. HEAD of a blob is answered with 401 in spite of a valid
 * token; GET is redirected to CloudFront.
 *
 * Sources:
 * - HEAD of blobs: https://github.com/aws/containers-roadmap/issues/2671 and
 *   https://github.com/distribution/distribution/issues/4383
 * - 400: https://github.com/aws/containers-roadmap/issues/2835
 * - challenge: https://github.com/helm/helm/issues/12491
 * - delivery by CloudFront: https://github.com/estesp/manifest-tool/issues/124
 * - limit: https://github.com/zebrunner/mcloud-agent/issues/235
 */
export const ECR_PUBLIC: RegistryProfile = {
  key: 'ecr-public',
  name: 'Amazon ECR Public',
  repository: 'team/app',
  authentication: {
    kind: 'bearer',
    anonymous: 'all',
    refuse: (refusal) =>
      refusal.reason === 'invalid'
        ? errorAnswer(400, 'DENIED', 'Your authorization token has expired. Reauthenticate and try again.')
        : challenge(refusal),
    tokens: { path: '/token/', field: 'token', expiresIn: null, anyScope: true },
  },
  blobs: {
    redirect: {
      status: 307,
      target: ({ digest }) => cloudFrontUrl(`/sha256/${digest.slice(7)}`),
      signedFor: 'any',
    },
    head: challenge,
  },
  tags: pagesByLast(),
  referrers: 'api',
  limit: limitWith('Rate exceeded'),
  missing: { repository: 404 },
};
