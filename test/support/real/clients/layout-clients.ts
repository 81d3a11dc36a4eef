import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PullClient, PullClientSetup } from '../client-kind';
import { orasArtifacts, regctlArtifacts } from './artifact-commands';
import { type ClientHome, clientHome } from './client-home';

/** The commands of a client that copies images to a folder in the form of an OCI image layout. */
interface LayoutCommands {
  /** Returns the command that copies the image of an architecture to a new folder. */
  copy(reference: string, folder: string, architecture: string): readonly string[];
  login(host: string, username: string, secret: string): readonly string[];
}

/** Starts crane (go-containerregistry). It uses plain HTTP for addresses of this machine. */
export async function startCrane(setup: PullClientSetup): Promise<PullClient> {
  return layoutClient(setup, await clientHome('crane'), {
    copy: (reference, folder, architecture) => [
      'pull',
      '--format',
      'oci',
      '--platform',
      `linux/${architecture}`,
      reference,
      folder,
    ],
    login: (host, username, secret) => ['auth', 'login', host, '--username', username, '--password', secret],
  });
}

/** Starts oras. */
export async function startOras(setup: PullClientSetup): Promise<PullClient> {
  const home = await clientHome('oras');
  const client = layoutClient(setup, home, {
    copy: (reference, folder, architecture) => {
      const platform = ['--platform', `linux/${architecture}`];
      return ['cp', '--no-tty', '--from-plain-http', ...platform, reference, '--to-oci-layout', `${folder}:copy`];
    },
    login: (host, username, secret) => ['login', '--plain-http', '-u', username, '-p', secret, host],
  });
  return { ...client, artifacts: orasArtifacts(home) };
}

/** Starts regctl (regclient). It reaches a mirror below an organization with a prefix of paths. */
export async function startRegctl(setup: PullClientSetup): Promise<PullClient> {
  const { layover, mirror } = setup;
  const home = await clientHome('regctl');
  const set = (...args: string[]) => home.run('registry', 'set', '--skip-check', ...args);
  await set(layover, '--tls', 'disabled');
  await set('mirror', '--hostname', layover, '--tls', 'disabled', '--path-prefix', mirror.organization);
  await set(mirror.registry, '--mirror', 'mirror');
  const client = layoutClient(setup, home, {
    copy: (reference, folder, architecture) => [
      'image',
      'copy',
      '--platform',
      `linux/${architecture}`,
      reference,
      `ocidir://${folder}:copy`,
    ],
    login: (host, username, secret) => ['registry', 'login', host, '--user', username, '--pass', secret],
  });
  return { ...client, artifacts: regctlArtifacts(home) };
}

function layoutClient({ layover }: PullClientSetup, home: ClientHome, commands: LayoutCommands): PullClient {
  return {
    async pull(reference, { architecture = 'amd64', credentials } = {}) {
      if (credentials !== undefined)
        await home.run(...commands.login(layover, credentials.username, credentials.secret));
      const folder = home.newFolder();
      try {
        await home.run(...commands.copy(reference, folder, architecture));
        return (await readdir(join(folder, 'blobs', 'sha256'))).map((hex) => `sha256:${hex}`);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    forget: () => Promise.resolve(),
    stop: () => home.remove(),
  };
}
