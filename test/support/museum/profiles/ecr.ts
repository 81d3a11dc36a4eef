import { limitWith } from '../parts/limits';
import { challengeWith, unknownName } from '../parts/refusals';
import { S3_TWO_MECHANISMS, s3Url } from '../parts/storages';
import { pagesByToken } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * Amazon ECR. Basic authentication with the user AWS and a password that ends after twelve hours;
 * there is no anonymous access. Blobs are redirected to S3, which refuses requests with two
 * credentials. Links to the next page of tags are absolute and continue by an opaque `last`; the
 * largest page is 100 tags, here 4.
 *
 * Sources:
 * - challenge: https://github.com/regclient/regclient/issues/110
 * - password: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 * - redirect: https://github.com/open-policy-agent/opa/issues/6580
 * - tags: https://github.com/deitch/docker_registry2/issues/34 and
 *   https://github.com/genuinetools/reg/issues/206
 * - missing repository: https://github.com/actions/starter-workflows/issues/2647
 * - limit: https://github.com/zebrunner/mcloud-agent/issues/235
 * - referrers API: https://github.com/awslabs/soci-snapshotter/pull/1327
 */
export const ECR: RegistryProfile = {
  key: 'ecr',
  name: 'Amazon ECR',
  repository: 'team/app',
  authentication: {
    kind: 'basic',
    anonymous: false,
    account: { username: 'AWS', password: Buffer.from('example password of twelve hours').toString('base64') },
    refuse: challengeWith(({ host }) => `Basic realm="https://${host}/",service="ecr.amazonaws.com"`),
  },
  blobs: {
    redirect: {
      status: 307,
      target: ({ digest }) => s3Url(`/1b3a-210987654321-e5c2/${digest.slice(7)}`),
      signedFor: 'GET',
      withAuthorization: S3_TWO_MECHANISMS,
    },
    head: 'direct',
  },
  tags: (query) => ({
    ...pagesByToken('last', { absolute: true, maximum: 4 })(query),
    contentType: 'text/plain; charset=utf-8',
  }),
  referrers: 'api',
  limit: limitWith('Rate exceeded'),
  missing: {
    repository: 404,
    answer: (repository) =>
      unknownName(`The repository with name '${repository}' does not exist in the registry with id '210987654321'`),
  },
};
