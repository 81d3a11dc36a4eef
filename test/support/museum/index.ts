import { ARTIFACT_REGISTRY } from './profiles/artifact-registry';
import { ARTIFACTORY } from './profiles/artifactory';
import { AZURE } from './profiles/azure';
import { DISTRIBUTION } from './profiles/distribution';
import { DOCKER_HUB } from './profiles/docker-hub';
import { ECR } from './profiles/ecr';
import { ECR_PUBLIC } from './profiles/ecr-public';
import { GCR } from './profiles/gcr';
import { GHCR } from './profiles/ghcr';
import { GITLAB } from './profiles/gitlab';
import { HARBOR } from './profiles/harbor';
import { LSCR } from './profiles/lscr';
import { NEXUS } from './profiles/nexus';
import { PULP } from './profiles/pulp';
import { QUAY } from './profiles/quay';
import type { RegistryProfile } from './profile';

/** All registries of the museum, in the order of the tables. */
export const PROFILES: readonly RegistryProfile[] = [
  DISTRIBUTION,
  DOCKER_HUB,
  GHCR,
  LSCR,
  QUAY,
  ECR,
  ECR_PUBLIC,
  ARTIFACT_REGISTRY,
  GCR,
  AZURE,
  GITLAB,
  HARBOR,
  ARTIFACTORY,
  NEXUS,
  PULP,
];

export { type Exhibit, startExhibit } from './exhibit';
export { type RegistryProfile, tokenLifetime } from './profile';
