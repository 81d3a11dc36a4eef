import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer } from '../parts/refusals';
import type { RegistryProfile } from '../profile';

/** How many manifests an answer lists besides the tags; together about 10 MB. */
const LISTED_MANIFESTS = 40_000;

/**
 * gcr.io. Tag lists have no pages, whatever the client asks for, and contain a map of all
 * manifests. Blobs are redirected to a public bucket, without a signature.
 *
 * Sources:
 * - tag lists: https://github.com/google/go-containerregistry/issues/897 and
 *   https://github.com/distribution/distribution/issues/2601
 * - challenge: https://github.com/containerd/containerd/issues/1318
 * - redirects: https://github.com/kubernetes/registry.k8s.io/issues/77
 */
export const GCR: RegistryProfile = {
  key: 'gcr',
  name: 'gcr.io',
  repository: 'google-containers/app',
  authentication: {
    kind: 'bearer',
    anonymous: true,
    account: { username: '_token', password: 'ya29.example' },
    refuse: challengeBearer({ service: 'gcr.io' }),
    tokens: { path: '/v2/token', field: 'token', expiresIn: null },
  },
  blobs: {
    redirect: {
      status: 302,
      target: ({ digest }) => `/us.artifacts.example.appspot.com/containers/images/${digest}`,
      signedFor: 'any',
    },
  },
  tags: ({ tags }) => ({ tags, fields: { child: [], manifest: listedManifests() } }),
  referrers: 'absent',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 403 },
};

function listedManifests(): Readonly<Record<string, unknown>> {
  const entries = Array.from({ length: LISTED_MANIFESTS }, (_, index): [string, unknown] => [
    `sha256:${index.toString(16).padStart(64, '0')}`,
    {
      imageSizeBytes: '16875924',
      layerId: '',
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      tag: [],
      timeCreatedMs: '1528107932052',
      timeUploadedMs: '1528107951404',
    },
  ]);
  return Object.fromEntries(entries);
}
