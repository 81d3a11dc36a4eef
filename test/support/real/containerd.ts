import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './programs';
import { mustRun } from './run-program';
import { startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** Programs of containerd: the daemon and its debugging client. */
export const CONTAINERD_PROGRAMS = ['containerd', 'ctr'] as const;

/** A separate containerd that only stores content. */
export interface Containerd {
  /** Writes the `hosts.toml` of an upstream, as in `/etc/containerd/certs.d/<upstream>/`. */
  configure(upstream: string, hostsToml: string): Promise<void>;
  /**
   * Fetches an image by its name at the upstream. Resolves to the digests of all stored content.
   */
  fetch(reference: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts containerd in a temporary folder. Throws an Error with the output if the start fails. */
export async function startContainerd(): Promise<Containerd> {
  const folder = await temporaryFolder('containerd');
  const at = (name: string): string => join(folder.path, name);
  const env = { PATH: process.env.PATH, HOME: folder.path, TMPDIR: folder.path };
  try {
    const configuration = [
      'version = 2',
      `root = "${at('root')}"`,
      `state = "${at('state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
      `[grpc]\naddress = "${at('c.sock')}"`,
      `[ttrpc]\naddress = "${at('t.sock')}"`,
    ];
    await writeFile(at('config.toml'), configuration.join('\n'));
    const server = await startServerProgram(findProgram('containerd')!, ['--config', at('config.toml')], {
      env,
      ready: /containerd successfully booted/,
    });
    const ctr = (...args: string[]) => mustRun(findProgram('ctr')!, ['--address', at('c.sock'), ...args], { env });
    return {
      async configure(upstream, hostsToml) {
        await mkdir(join(at('hosts'), upstream), { recursive: true });
        await writeFile(join(at('hosts'), upstream, 'hosts.toml'), hostsToml);
      },
      async fetch(reference) {
        await ctr('content', 'fetch', '--hosts-dir', at('hosts'), '--all-platforms', reference);
        const { stdout } = await ctr('content', 'ls', '--quiet');
        return stdout
          .toString()
          .split('\n')
          .filter((line) => line !== '');
      },
      async stop() {
        await server.stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
