import { join } from 'node:path';
import { DISTRIBUTION_PROGRAM } from '../../../test/support/real/distribution';
import { findProgram } from '../../../test/support/real/programs';
import type { RegistryTarget } from '../../../test/support/real/registry-target';
import { startServerProgram } from '../../../test/support/real/server-program';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import { startDistributionRegistry } from '../peers/distribution';

/** The registry that all caches pull from. */
export interface BenchUpstream extends RegistryTarget {
  readonly host: string;
  /** What it is, for the results. */
  readonly name: string;
  stop(): Promise<void>;
}

/**
 * Starts the registry that all caches pull from: docker-registry, or the plain registry if that is
 * wanted or docker-registry is not installed.
 */
export async function startUpstream(kind: 'distribution' | 'plain'): Promise<BenchUpstream> {
  const distribution = kind === 'distribution' ? findProgram(DISTRIBUTION_PROGRAM) : undefined;
  if (distribution !== undefined) {
    const { host, name, stop } = await startDistributionRegistry(distribution);
    return { host, name, url: `http://${host}`, stop };
  }
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
      name: 'a plain registry',
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
