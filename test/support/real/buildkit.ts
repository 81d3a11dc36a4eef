import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownMountsPrograms, startOwnMounts } from './own-mounts';
import { findProgram } from './programs';
import { mustRun } from './run-program';
import { temporaryFolder } from './temporary-folder';

/** Programs of BuildKit: the daemon, its client, and the runtime of its worker. */
export const BUILDKIT_PROGRAMS = ['buildkitd', 'buildctl', 'runc', ...ownMountsPrograms()] as const;

/** A separate BuildKit. */
export interface BuildKit {
  /**
   * Builds a Dockerfile without further files. Throws an Error with the output if the build fails.
   */
  build(dockerfile: string): Promise<void>;
  /** Deletes everything that was pulled and built. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts BuildKit in a temporary folder. `registries` are the registry sections of buildkitd.toml.
 * Throws an Error with the output if the start fails.
 */
export async function startBuildKit(registries: string): Promise<BuildKit> {
  const folder = await temporaryFolder('buildkit');
  const at = (name: string): string => join(folder.path, name);
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: folder.path, TMPDIR: folder.path };
  try {
    const configuration = [
      `root = "${at('root')}"`,
      `[grpc]\naddress = ["unix://${at('b.sock')}"]`,
      '[worker.containerd]\nenabled = false',
      `[worker.oci]\nenabled = true\nbinary = "${findProgram('runc')!}"\nsnapshotter = "native"`,
      registries,
    ];
    await writeFile(at('buildkitd.toml'), configuration.join('\n'));
    const server = await startOwnMounts('buildkitd', ['--config', at('buildkitd.toml')], {
      env,
      ready: /running server on/,
    });
    const buildctl = (...args: string[]) =>
      mustRun(findProgram('buildctl')!, ['--addr', `unix://${at('b.sock')}`, ...args], { env });
    return {
      async build(dockerfile) {
        await mkdir(at('context'), { recursive: true });
        await writeFile(join(at('context'), 'Dockerfile'), dockerfile);
        const context = ['--local', `context=${at('context')}`, '--local', `dockerfile=${at('context')}`];
        const output = ['--output', `type=oci,dest=${at('built.tar')}`];
        await buildctl('build', '--frontend', 'dockerfile.v0', '--progress', 'plain', ...context, ...output);
      },
      async clear() {
        await buildctl('prune', '--all');
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
