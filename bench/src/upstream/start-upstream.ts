import { join } from 'node:path';
import { startDistribution } from '../../../test/support/real/distribution';
import type { RegistryTarget } from '../../../test/support/real/registry-target';
import { startServerProgram } from '../../../test/support/real/server-program';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';

/** The registry that all caches pull from. */
export interface BenchUpstream extends RegistryTarget {
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * Starts docker-registry, or the plain registry if it is not installed. The result compares caches,
 * so every cache gets the same upstream.
 */
export async function startUpstream(withDistribution: boolean): Promise<BenchUpstream> {
  if (withDistribution) return startDistribution();
  const folder = await temporaryFolder('upstream');
  const program = join(__dirname, 'plain-registry.js');
  try {
    const server = await startServerProgram(process.execPath, [program, folder.path], {
      env: {},
      ready: /listening on (127\.0\.0\.1:\d+)/,
    });
    const host = server.readyMatch[1]!;
    return {
      host,
      url: `http://${host}`,
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
