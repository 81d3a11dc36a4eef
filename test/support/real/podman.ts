import { type ContainersHome } from './containers-home';
import { mustRun } from './run-program';

/** podman with its own storage. References are `host:port/path[:tag|@digest]`. */
export interface Podman {
  /**
   * Logs in to a registry. The login is stored in this home only. Throws an Error with the output
   * of podman if the login is refused.
   */
  login(host: string, username: string, secret: string): Promise<void>;
  /** Removes all logins. */
  logout(): Promise<void>;
  /**
   * Pulls an image and always contacts the registry. Throws an Error with the output of podman if
   * the pull fails.
   */
  pull(reference: string, architecture?: string): Promise<void>;
  /** Resolves to the digest of the manifest that the image was pulled by, as recorded by podman. */
  digestOf(reference: string): Promise<string>;
  /** Removes all images, so that the next pull is complete. */
  removeImages(): Promise<void>;
}

/**
 * Returns podman in the given home. `certDir` is a folder with the certificate authority of HTTPS
 * registries as ca.crt.
 */
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
