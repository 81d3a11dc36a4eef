/** The requests of two pulls of an image with two layers, in order. */
export interface GoldenRequests {
  /** Nothing is cached, and the upstream was never asked before. */
  readonly cold: readonly string[];
  /** Everything is cached. */
  readonly warm: readonly string[];
}

/**
 * The requests that Layover sends to the hosts of each registry, by the key of its profile: host,
 * method, path without query, status. `{config}` and `{layer-1}` stand for digests. A registry
 * whose pulls are known failures (known-failures.ts) has no entry.
 */
export const GOLDEN_REQUESTS: Readonly<Record<string, GoldenRequests>> = {
  distribution: {
    cold: [
      'registry GET /v2/team/app/manifests/v1 200',
      'registry GET /v2/team/app/blobs/{config} 200',
      'registry GET /v2/team/app/blobs/{layer-1} 200',
      'registry GET /v2/team/app/blobs/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/team/app/manifests/v1 200'],
  },
  'docker-hub': {
    cold: [
      'registry GET /v2/library/app/manifests/v1 401',
      'tokens GET /token 200',
      'registry GET /v2/library/app/manifests/v1 200',
      'registry GET /v2/library/app/blobs/{config} 307',
      'storage GET /registry-v2/docker/registry/v2/blobs/sha256/{xx}/{config}/data 200',
      'registry GET /v2/library/app/blobs/{layer-1} 307',
      'storage GET /registry-v2/docker/registry/v2/blobs/sha256/{xx}/{layer-1}/data 200',
      'registry GET /v2/library/app/blobs/{layer-2} 307',
      'storage GET /registry-v2/docker/registry/v2/blobs/sha256/{xx}/{layer-2}/data 200',
    ],
    warm: ['registry HEAD /v2/library/app/manifests/v1 200'],
  },
  ghcr: {
    cold: [
      'registry GET /v2/octo-org/app/manifests/v1 401',
      'registry GET /token 200',
      'registry GET /v2/octo-org/app/manifests/v1 200',
      'registry GET /v2/octo-org/app/blobs/{config} 307',
      'storage GET /blobs/{config} 200',
      'registry GET /v2/octo-org/app/blobs/{layer-1} 307',
      'storage GET /blobs/{layer-1} 200',
      'registry GET /v2/octo-org/app/blobs/{layer-2} 307',
      'storage GET /blobs/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/octo-org/app/manifests/v1 200'],
  },
  quay: {
    cold: [
      'registry GET /v2/team/app/manifests/v1 401',
      'registry GET /v2/auth 200',
      'registry GET /v2/team/app/manifests/v1 200',
      'registry GET /v2/team/app/blobs/{config} 302',
      'storage GET /sha256/{xx}/{config} 200',
      'registry GET /v2/team/app/blobs/{layer-1} 302',
      'storage GET /sha256/{xx}/{layer-1} 200',
      'registry GET /v2/team/app/blobs/{layer-2} 302',
      'storage GET /sha256/{xx}/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/team/app/manifests/v1 200'],
  },
  ecr: {
    cold: [
      'registry GET /v2/team/app/manifests/v1 401',
      'registry GET /v2/team/app/manifests/v1 200',
      'registry GET /v2/team/app/blobs/{config} 307',
      'storage GET /1b3a-210987654321-e5c2/{config} 200',
      'registry GET /v2/team/app/blobs/{layer-1} 307',
      'storage GET /1b3a-210987654321-e5c2/{layer-1} 200',
      'registry GET /v2/team/app/blobs/{layer-2} 307',
      'storage GET /1b3a-210987654321-e5c2/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/team/app/manifests/v1 200'],
  },
  'ecr-public': {
    cold: [
      'registry GET /v2/team/app/manifests/v1 401',
      'registry GET /token/ 200',
      'registry GET /v2/team/app/manifests/v1 200',
      'registry GET /v2/team/app/blobs/{config} 307',
      'storage GET /sha256/{config} 200',
      'registry GET /v2/team/app/blobs/{layer-1} 307',
      'storage GET /sha256/{layer-1} 200',
      'registry GET /v2/team/app/blobs/{layer-2} 307',
      'storage GET /sha256/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/team/app/manifests/v1 200'],
  },
  gcr: {
    cold: [
      'registry GET /v2/google-containers/app/manifests/v1 401',
      'registry GET /v2/token 200',
      'registry GET /v2/google-containers/app/manifests/v1 200',
      'registry GET /v2/google-containers/app/blobs/{config} 302',
      'storage GET /us.artifacts.example.appspot.com/containers/images/{config} 200',
      'registry GET /v2/google-containers/app/blobs/{layer-1} 302',
      'storage GET /us.artifacts.example.appspot.com/containers/images/{layer-1} 200',
      'registry GET /v2/google-containers/app/blobs/{layer-2} 302',
      'storage GET /us.artifacts.example.appspot.com/containers/images/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/google-containers/app/manifests/v1 200'],
  },
  azure: {
    cold: [
      'registry GET /v2/app/manifests/v1 401',
      'registry GET /oauth2/token 200',
      'registry GET /v2/app/manifests/v1 200',
      'registry GET /v2/app/blobs/{config} 307',
      'storage GET /d1b3a-example/docker/registry/v2/blobs/{config}/data 200',
      'registry GET /v2/app/blobs/{layer-1} 307',
      'storage GET /d1b3a-example/docker/registry/v2/blobs/{layer-1}/data 200',
      'registry GET /v2/app/blobs/{layer-2} 307',
      'storage GET /d1b3a-example/docker/registry/v2/blobs/{layer-2}/data 200',
    ],
    warm: ['registry HEAD /v2/app/manifests/v1 200'],
  },
  gitlab: {
    cold: [
      'registry GET /v2/group/project/app/manifests/v1 401',
      'tokens GET /jwt/auth 200',
      'registry GET /v2/group/project/app/manifests/v1 200',
      'registry GET /v2/group/project/app/blobs/{config} 307',
      'storage GET /docker/registry/v2/blobs/sha256/{xx}/{config}/data 200',
      'registry GET /v2/group/project/app/blobs/{layer-1} 307',
      'storage GET /docker/registry/v2/blobs/sha256/{xx}/{layer-1}/data 200',
      'registry GET /v2/group/project/app/blobs/{layer-2} 307',
      'storage GET /docker/registry/v2/blobs/sha256/{xx}/{layer-2}/data 200',
    ],
    warm: ['registry HEAD /v2/group/project/app/manifests/v1 200'],
  },
  harbor: {
    cold: [
      'registry GET /v2/library/app/manifests/v1 200',
      'registry GET /v2/library/app/blobs/{config} 307',
      'storage GET /docker/registry/v2/blobs/sha256/{xx}/{config}/data 200',
      'registry GET /v2/library/app/blobs/{layer-1} 307',
      'storage GET /docker/registry/v2/blobs/sha256/{xx}/{layer-1}/data 200',
      'registry GET /v2/library/app/blobs/{layer-2} 307',
      'storage GET /docker/registry/v2/blobs/sha256/{xx}/{layer-2}/data 200',
    ],
    warm: [
      'registry HEAD /v2/library/app/manifests/v1 401',
      'registry GET /service/token 200',
      'registry HEAD /v2/library/app/manifests/v1 200',
    ],
  },
  artifactory: {
    cold: [
      'registry GET /v2/docker/team/app/manifests/v1 401',
      'registry GET /artifactory/api/docker/docker/v2/token 200',
      'registry GET /v2/docker/team/app/manifests/v1 200',
      'registry GET /v2/docker/team/app/blobs/{config} 302',
      'storage GET /example-filestore/{xx}/{config} 200',
      'registry GET /v2/docker/team/app/blobs/{layer-1} 302',
      'storage GET /example-filestore/{xx}/{layer-1} 200',
      'registry GET /v2/docker/team/app/blobs/{layer-2} 302',
      'storage GET /example-filestore/{xx}/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/docker/team/app/manifests/v1 200'],
  },
  pulp: {
    cold: [
      'registry GET /v2/team/app/manifests/v1 401',
      'registry GET /token/ 200',
      'registry GET /v2/team/app/manifests/v1 302',
      'storage GET /pulp/container/team/app/manifests/v1 200',
      'registry GET /v2/team/app/blobs/{config} 302',
      'storage GET /pulp/container/team/app/blobs/{config} 200',
      'registry GET /v2/team/app/blobs/{layer-1} 302',
      'storage GET /pulp/container/team/app/blobs/{layer-1} 200',
      'registry GET /v2/team/app/blobs/{layer-2} 302',
      'storage GET /pulp/container/team/app/blobs/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/team/app/manifests/v1 302', 'storage HEAD /pulp/container/team/app/manifests/v1 200'],
  },
  lscr: {
    cold: [
      'facade GET /v2/linuxserver/app/manifests/v1 307',
      'registry GET /v2/linuxserver/app/manifests/v1 401',
      'registry GET /token 200',
      'registry GET /v2/linuxserver/app/manifests/v1 200',
      'facade GET /v2/linuxserver/app/blobs/{config} 307',
      'registry GET /v2/linuxserver/app/blobs/{config} 307',
      'storage GET /blobs/{config} 200',
      'facade GET /v2/linuxserver/app/blobs/{layer-1} 307',
      'registry GET /v2/linuxserver/app/blobs/{layer-1} 307',
      'storage GET /blobs/{layer-1} 200',
      'facade GET /v2/linuxserver/app/blobs/{layer-2} 307',
      'registry GET /v2/linuxserver/app/blobs/{layer-2} 307',
      'storage GET /blobs/{layer-2} 200',
    ],
    warm: ['facade HEAD /v2/linuxserver/app/manifests/v1 307', 'registry HEAD /v2/linuxserver/app/manifests/v1 200'],
  },
  'artifact-registry': {
    cold: [
      'registry GET /v2/project/repository/app/manifests/v1 401',
      'registry GET /v2/token 200',
      'registry GET /v2/project/repository/app/manifests/v1 200',
      'registry GET /v2/project/repository/app/blobs/{config} 302',
      'registry GET /artifacts-downloads/namespaces/project/repositories/repository/downloads/{config}AHf3wE4n… 200',
      'registry GET /v2/project/repository/app/blobs/{layer-1} 302',
      'registry GET /artifacts-downloads/namespaces/project/repositories/repository/downloads/{layer-1}AHf3wE4… 200',
      'registry GET /v2/project/repository/app/blobs/{layer-2} 302',
      'registry GET /artifacts-downloads/namespaces/project/repositories/repository/downloads/{layer-2}AHf3wE4… 200',
    ],
    warm: ['registry HEAD /v2/project/repository/app/manifests/v1 200'],
  },
  nexus: {
    cold: [
      'registry GET /v2/team/app/manifests/v1 401',
      'registry GET /v2/team/app/manifests/v1 200',
      'registry GET /v2/team/app/blobs/{config} 200',
      'registry GET /v2/team/app/blobs/{layer-1} 200',
      'registry GET /v2/team/app/blobs/{layer-2} 200',
    ],
    warm: ['registry HEAD /v2/team/app/manifests/v1 404', 'registry GET /v2/team/app/manifests/v1 200'],
  },
};
