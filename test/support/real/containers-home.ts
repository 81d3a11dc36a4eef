import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder';

/** A separate home for podman and skopeo: storage, caches, settings and logins in one folder. */
export interface ContainersHome {
  readonly path: string;
  /** Path of a signature policy that accepts unsigned images. */
  readonly policy: string;
  /** The complete environment of the programs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  remove(): Promise<void>;
}

/** Creates a home in which the given registries (`host:port`) are accessed with plain HTTP. */
export async function containersHome(plainRegistries: readonly string[]): Promise<ContainersHome> {
  const folder = await temporaryFolder('containers');
  const at = (...names: string[]): string => join(folder.path, ...names);
  await mkdir(at('tmp'));
  await mkdir(at('data'));
  const registries = plainRegistries.map((host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`).join('');
  await Promise.all([
    writeFile(at('policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}'),
    writeFile(at('auth.json'), '{}'),
    writeFile(at('registries.conf'), `unqualified-search-registries = []\n${registries}`),
    writeFile(
      at('storage.conf'),
      `[storage]\ndriver = "vfs"\ngraphroot = "${at('root')}"\nrunroot = "${at('runroot')}"\n`,
    ),
    writeFile(
      at('containers.conf'),
      `[engine]\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\ntmp_dir = "${at('libpod')}"\n` +
        `[network]\nnetwork_config_dir = "${at('net')}"\n`,
    ),
  ]);
  return {
    path: folder.path,
    policy: at('policy.json'),
    env: {
      PATH: process.env.PATH,
      HOME: folder.path,
      TMPDIR: at('tmp'),
      XDG_DATA_HOME: at('data'),
      XDG_RUNTIME_DIR: at('run'),
      CONTAINERS_CONF: at('containers.conf'),
      CONTAINERS_STORAGE_CONF: at('storage.conf'),
      CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
      REGISTRY_AUTH_FILE: at('auth.json'),
    },
    remove: () => folder.remove(),
  };
}
