import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './programs';
import type { RegistryTarget } from './registry-target';
import { startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** Name of distribution's program in Debian. */
export const DISTRIBUTION_PROGRAM = 'docker-registry';

/** The accounts of a registry that asks for a password. */
export const ACCOUNTS = {
  alpha: { username: 'alpha', password: 'alpha-secret' },
  beta: { username: 'beta', password: 'beta-secret' },
} as const;

/** Their bcrypt hashes (cost 4: made for speed, the passwords are no secret). */
const HTPASSWD = [
  'alpha:$2b$04$d5wvnb04wI9dWnNlbcGIReVHkbjdP0n9aauFRhhdz0fsx9X4B/cpy',
  'beta:$2b$04$m7zuR3iQe68SM4rRXmp7GOspAqY/5MyuQI/QWSh.HC1OO1xN03tX6',
].join('\n');

/** How the registry is to be. */
export interface DistributionOptions {
  /** Ask for one of {@link ACCOUNTS}, by Basic authentication. */
  readonly htpasswd?: boolean;
  /** Be a pull-through cache of this registry (`http://host:port`). */
  readonly proxyOf?: string;
}

/** distribution's registry ("docker-registry" in Debian), on a free port of 127.0.0.1, with a folder of its own. */
export interface Distribution extends RegistryTarget {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly pid: number;
  /** Ends the process and removes its folder. Harmless when called twice. */
  stop(): Promise<void>;
}

/** Starts it; resolves when it listens. Throws an Error with its output where it can't. */
export async function startDistribution(options: DistributionOptions = {}): Promise<Distribution> {
  const program = findProgram(DISTRIBUTION_PROGRAM);
  if (program === undefined) throw new Error(`${DISTRIBUTION_PROGRAM} is not on this machine`);
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

/** The file is YAML, of which JSON is a part. In-memory descriptors are cached, as in Debian's own configuration. */
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
    ...(htpasswd === true && { auth: { htpasswd: { realm: 'tests', path: join(folder, 'htpasswd') } } }),
    ...(proxyOf !== undefined && { proxy: { remoteurl: proxyOf } }),
  };
}
