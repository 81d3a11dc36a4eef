import { type ContainersHome } from './containers-home';
import { mustRun } from './run-program';

/** podman with a storage of its own. References are `host:port/path[:tag|@digest]`. */
export interface Podman {
  /** Logs in to a registry, and keeps that in this home alone. Throws an Error with podman's words where it is refused. */
  login(host: string, username: string, secret: string): Promise<void>;
  /** Forgets every login. */
  logout(): Promise<void>;
  /** Pulls, always asking the registry. Throws an Error with podman's words where it can't. */
  pull(reference: string, architecture?: string): Promise<void>;
  /** Digest of the manifest that the image was pulled by, as podman keeps it. */
  digestOf(reference: string): Promise<string>;
  /** Forgets every image, so that the next pull is a whole one. */
  removeImages(): Promise<void>;
}

/** podman in the given home; with `certDir`, a folder with the authority of HTTPS registries as ca.crt, those are checked against it. */
export function podmanIn(home: ContainersHome, certDir?: string): Podman {
  const podman = (...args: string[]) => mustRun('podman', args, { env: home.env });
  const tls = (plain: readonly string[]) => (certDir === undefined ? plain : ['--cert-dir', certDir]);
  return {
    async login(host, username, secret) {
      await podman('login', ...tls(['--tls-verify=false']), '--username', username, '--password', secret, host);
    },
    async logout() {
      await podman('logout', '--all');
    },
    async pull(reference, architecture) {
      const choice = architecture === undefined ? [] : ['--arch', architecture];
      await podman('pull', '--quiet', '--signature-policy', home.policy, ...tls([]), ...choice, reference);
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
