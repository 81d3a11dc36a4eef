import { type ContainersHome } from './containers-home';
import { mustRun } from './run-program';

/** podman with a storage of its own. References are `host:port/path[:tag|@digest]`. */
export interface Podman {
  /** Pulls, always asking the registry. Throws an Error with podman's words where it can't. */
  pull(reference: string, architecture?: string): Promise<void>;
  /** Digest of the manifest that the image was pulled by, as podman keeps it. */
  digestOf(reference: string): Promise<string>;
  /** Forgets every image, so that the next pull is a whole one. */
  removeImages(): Promise<void>;
}

/** podman in the given home. */
export function podmanIn(home: ContainersHome): Podman {
  const podman = (...args: string[]) => mustRun('podman', args, { env: home.env });
  return {
    async pull(reference, architecture) {
      const choice = architecture === undefined ? [] : ['--arch', architecture];
      await podman('pull', '--quiet', '--signature-policy', home.policy, ...choice, reference);
    },
    async digestOf(reference) {
      const { stdout } = await podman('image', 'inspect', '--format', '{{.Digest}}', reference);
      return stdout.toString().trim();
    },
    async removeImages() {
      await podman('rmi', '--all', '--force');
    },
  };
}
