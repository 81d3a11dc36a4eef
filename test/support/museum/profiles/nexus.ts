import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeWith } from '../parts/refusals';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * Sonatype Nexus with its default of Basic authentication. The scheme of the challenge is in upper
 * case. HEAD of a manifest is answered with 404. Links to the next page of tags are absolute, and
 * their path is not served by the connector.
 *
 * Sources:
 * - challenge: https://github.com/sonatype/nexus-public/issues/921
 * - HEAD: https://github.com/crazy-max/diun/issues/1614
 * - links: https://github.com/sonatype/nexus-public/issues/1011
 */
export const NEXUS: RegistryProfile = {
  key: 'nexus',
  name: 'Sonatype Nexus',
  repository: 'team/app',
  authentication: {
    kind: 'basic',
    anonymous: false,
    account: { username: 'puller', password: 'example:with:colons' },
    refuse: challengeWith(() => 'BASIC realm="Sonatype Nexus Repository Manager"'),
  },
  blobs: {},
  tags: pagesByLast({ absolute: true, path: (path) => `/repository/docker-hosted${path}` }),
  referrers: 'absent',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 404 },
  manifestHead: 'absent',
};
