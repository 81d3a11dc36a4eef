import type { AnsweredPull } from '../../../data-plane/src/journal/pull-event';

const DIGEST = `sha256:${'a1b2c3d4'.repeat(8)}`;

/** A pull by digest as podman makes it, for measures of the journal. */
export const SAMPLE_PULL: AnsweredPull = {
  organization: {
    uid: '01939c3b-7a3e-7b3f-9a5b-2c3d4e5f6a7b',
    originVersion: '01939c3b-7a3e-7b3f-9a5b-2c3d4e5f6a7c',
  },
  organizationName: 'docker',
  repository: 'library/alpine',
  reference: DIGEST,
  method: 'GET',
  actor: 'anonymous',
  clientAddress: '192.0.2.1',
  userAgent: 'containers/5.29.2 (github.com/containers/image)',
  requestId: '0e6b4f7e-8a5b-4f7e-8a5b-2c3d4e5f6a7b',
  recordId: '',
  attempt: 1,
  cacheStatus: 'HIT',
  upstreamStatus: undefined,
  checkedAt: undefined,
  outcome: { kind: 'served', digest: DIGEST, bytes: 1234, notModified: false },
};
