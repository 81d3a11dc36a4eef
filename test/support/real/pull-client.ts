import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../common/oci/digest';
import { CONTAINERD_RELEASES, type ContainerdRelease, startContainerd } from './containerd';
import { containersHome } from './containers-home';
import { DOCKER_PROGRAMS, startDocker } from './docker';
import { podmanIn } from './podman';
import { startCosign, startCosignReferrers } from './clients/cosign';
import { startCrane, startOras, startRegctl } from './clients/layout-clients';
import { startHelm } from './clients/helm';
import type { PullClient, PullClientKind, PullClientSetup } from './client-kind';
import { skopeoIn } from './skopeo';

/** The kinds of clients by name. */
export const PULL_CLIENTS = {
  podman: { programs: ['podman'], start: startPodman },
  skopeo: { programs: ['skopeo'], start: startSkopeo },
  containerd: containerdClient(CONTAINERD_RELEASES.debian),
  containerd2: containerdClient(CONTAINERD_RELEASES.current),
  docker: { programs: DOCKER_PROGRAMS, start: startDockerClient },
  crane: { programs: ['crane'], start: startCrane },
  oras: { programs: ['oras'], start: startOras },
  regctl: { programs: ['regctl'], start: startRegctl },
  helm: { programs: ['helm'], start: startHelm },
  cosign: { programs: ['cosign'], start: startCosign },
  'cosign-referrers': { programs: ['cosign'], start: startCosignReferrers },
} as const satisfies Readonly<Record<string, PullClientKind>>;

async function startPodman(setup: PullClientSetup): Promise<PullClient> {
  const home = await containersHome([]);
  await writeFile(join(home.path, 'registries.conf'), registriesConf(setup));
  const podman = podmanIn(home);
  return {
    async pull(reference, { architecture = 'amd64', credentials } = {}) {
      if (credentials !== undefined) await podman.login(setup.layover, credentials.username, credentials.secret);
      await podman.pull(reference, architecture);
      return [await podman.digestOf(reference)];
    },
    async forget() {
      await podman.removeImages();
    },
    stop: () => home.remove(),
  };
}

async function startSkopeo(setup: PullClientSetup): Promise<PullClient> {
  const home = await containersHome([]);
  // skopeo reads its configuration from the home of the user.
  const folder = join(home.path, '.config', 'containers');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'registries.conf'), registriesConf(setup));
  const skopeo = skopeoIn(home);
  return {
    async pull(reference, options = {}) {
      const { manifest, digests } = await skopeo.copy(reference, { architecture: 'amd64', ...options });
      return [digestOf(manifest), ...digests];
    },
    forget: () => Promise.resolve(),
    stop: () => home.remove(),
  };
}

function containerdClient(release: ContainerdRelease): PullClientKind {
  return { programs: release.programs, start: (setup) => startContainerdClient(release, setup) };
}

async function startContainerdClient(
  release: ContainerdRelease,
  { layover, mirror }: PullClientSetup,
): Promise<PullClient> {
  const containerd = await startContainerd(release);
  const host = `[host."http://${layover}"]\n  capabilities = ["pull", "resolve"]\n`;
  await containerd.configure(mirror.registry, `server = "https://${mirror.registry}"\n\n${host}`);
  await containerd.configure(layover, `server = "http://${layover}"\n\n${host}`);
  return {
    pull: (reference, options = {}) => containerd.fetch(reference, { architecture: 'amd64', ...options }),
    forget: () => containerd.clear(),
    stop: () => containerd.stop(),
  };
}

async function startDockerClient({ mirrorRoot }: PullClientSetup): Promise<PullClient> {
  const docker = await startDocker([`http://${mirrorRoot}`]);
  return {
    async pull(reference, { architecture = 'amd64', credentials } = {}) {
      await docker.pull(reference, { architecture, login: credentials });
      return docker.digestsOf(reference);
    },
    forget: () => docker.removeImages(),
    stop: () => docker.stop(),
  };
}

function registriesConf({ layover, mirror }: PullClientSetup): string {
  return [
    'unqualified-search-registries = []',
    `[[registry]]\nlocation = "${layover}"\ninsecure = true`,
    `[[registry]]\nlocation = "${mirror.registry}"`,
    `[[registry.mirror]]\nlocation = "${layover}/${mirror.organization}"\ninsecure = true\n`,
  ].join('\n');
}
