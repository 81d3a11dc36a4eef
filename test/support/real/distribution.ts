import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './programs';
import type { RegistryTarget } from './registry-target';
import { startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** Name of the program of distribution on Debian. */
export const DISTRIBUTION_PROGRAM = 'docker-registry';

/** The accounts of a registry with authentication. */
export const ACCOUNTS = {
  alpha: { username: 'alpha', password: 'alpha-secret' },
  beta: { username: 'beta', password: 'beta-secret' },
} as const;

/** The bcrypt hashes of the passwords. Cost 4 is fast, and the passwords are not secret. */
const HTPASSWD = [
  'alpha:$2b$04$d5wvnb04wI9dWnNlbcGIReVHkbjdP0n9aauFRhhdz0fsx9X4B/cpy',
  'beta:$2b$04$m7zuR3iQe68SM4rRXmp7GOspAqY/5MyuQI/QWSh.HC1OO1xN03tX6',
].join('\n');

/** Options of the registry. */
export interface DistributionOptions {
  /** Require one of {@link ACCOUNTS} with Basic authentication. */
  readonly htpasswd?: boolean;
  /** Run as a pull-through cache of this registry (`http://host:port`). */
  readonly proxyOf?: string;
}

/**
 * A registry of distribution ("docker-registry" on Debian) on a free port of 127.0.0.1, with a
 * temporary folder.
 */
export interface Distribution extends RegistryTarget {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly pid: number;
  /** Ends the process and deletes its folder. Can be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a registry. Resolves when it listens. Throws an Error with the output if the start fails.
 */
export async function startDistribution(options: DistributionOptions = {}): Promise<Distribution> {
  const program = findProgram(DISTRIBUTION_PROGRAM);
  if (program === undefined) throw new Error(`${DISTRIBUTION_PROGRAM} is not installed`);
  const folder = await temporaryFolder('distribution');
  try {
    const file = join(folder.path, 'config.yml');
    await writeFile(join(folder.path, 'htpasswd'), `${HTPASSWD}\n`);
    await writeFile(file, JSON.stringify(configuration(folder.path, options)));
    const server = await startServerProgram(program, ['serve', file], {
      env: { PATH: process.env.PATH, HOME: folder.path, OTEL_TRACES_EXPORTER: 'none' },
      ready: /listening on (127\.0\.0\.1:\d+)/,
    });
    const host = server.readyMatch[1]!;
    return {
      host,
      url: `http://${host}`,
      pid: server.pid,
      credentials: options.htpasswd === true ? ACCOUNTS.alpha : undefined,
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

/**
 * Returns the configuration as JSON, which is a subset of YAML. Descriptors are cached in memory,
 * as in the configuration of the Debian package.
 */
function configuration(folder: string, { htpasswd, proxyOf }: DistributionOptions): object {
  return {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      cache: { blobdescriptor: 'inmemory' },
      delete: { enabled: true },
    },
    http: { addr: '127.0.0.1:0', secret: 'a secret of the tests' },
    // Layers with URLs of their own, as in images of Windows.
    validation: { manifests: { urls: { allow: ['^https?://'] } } },
    ...(htpasswd === true && { auth: { htpasswd: { realm: 'tests', path: join(folder, 'htpasswd') } } }),
    ...(proxyOf !== undefined && { proxy: { remoteurl: proxyOf } }),
  };
}
