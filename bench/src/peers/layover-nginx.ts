import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { freePort } from '../../../test/support/real/free-port';
import { findProgram } from '../../../test/support/real/programs';
import { type ServerProgram, startServerProgram } from '../../../test/support/real/server-program';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import { startLayoverPeer } from './layover';
import type { PeerStarter } from './peer';
import { processTree } from './process-tree';

const NGINX_PROGRAM = 'nginx';
/** The configuration that Layover ships. */
const TEMPLATE = 'deploy/nginx/nginx.conf.template';

/** Where nginx finds the edge and the files. */
interface NginxPlace {
  /** Empty folder for the files of nginx. */
  readonly folder: string;
  /** `127.0.0.1:<port>` that nginx listens on. */
  readonly host: string;
  /** `127.0.0.1:<port>` of the edge. */
  readonly edge: string;
  /** Home of the data plane. */
  readonly home: string;
  readonly secret: string;
}

/**
 * Returns a starter of Layover with nginx in front of the edge, which sends the files of blobs
 * itself, or undefined with a note if nginx is not installed.
 */
export function layoverBehindNginx(note: (line: string) => void): PeerStarter | undefined {
  const program = findProgram(NGINX_PROGRAM);
  const template = join(packageRoot(), TEMPLATE);
  if (program === undefined || !existsSync(template)) {
    note(`warm blob with nginx in front: skipped, needs ${program === undefined ? NGINX_PROGRAM : TEMPLATE}`);
    return undefined;
  }
  return {
    id: 'layover-nginx',
    name: 'Layover behind nginx',
    async start(upstream) {
      const secret = randomBytes(32).toString('hex');
      const layover = await startLayoverPeer(upstream, {
        env: {
          LAYOVER_EDGE_OFFLOAD: 'x-accel',
          LAYOVER_EDGE_OFFLOAD_SECRET: secret,
          LAYOVER_TRUSTED_PROXIES: '127.0.0.0/8',
        },
      });
      const folder = await temporaryFolder('bench-nginx');
      const host = `127.0.0.1:${await freePort()}`;
      let nginx: ServerProgram | undefined;
      const stop = async (): Promise<void> => {
        await nginx?.stop();
        await layover.stop();
        await folder.remove();
      };
      try {
        const place = { folder: folder.path, host, edge: layover.host, home: layover.home, secret };
        const configuration = nginxConfiguration(await readFile(template, 'utf8'), place);
        nginx = await startNginx(program, configuration, folder.path);
        const { pid } = nginx;
        return {
          ...layover,
          host,
          hosts: [host],
          processes: () => [...layover.processes(), ...processTree(NGINX_PROGRAM, pid)],
          stop,
        };
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}

/**
 * Fills the template. Without TLS, because the other caches are measured without TLS too. Throws an
 * Error if the template has a variable that is not known here.
 */
export function nginxConfiguration(template: string, { folder, host, edge, home, secret }: NginxPlace): string {
  const values: Readonly<Record<string, string>> = {
    NGINX_USER: userInfo().username,
    NGINX_RUN: folder,
    NGINX_ERROR_LOG: 'stderr',
    NGINX_LISTEN: host,
    NGINX_TLS: folder,
    NGINX_EDGE: edge,
    LAYOVER_EDGE_OFFLOAD_SECRET: secret,
    LAYOVER_HOME: home,
  };
  return (
    template
      .replace(/\$\{([A-Z_]+)\}/g, (_match, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`${TEMPLATE} has the unknown variable ${name}`);
        return value;
      })
      .replace(/^(\s*listen \S+)[^;]*;/gm, '$1;')
      .replace(/^\s*ssl_[^;]*;\n/gm, '')
      // The line that says that nginx has started is a notice.
      .replace('error_log stderr warn;', 'error_log stderr notice;')
  );
}

async function startNginx(program: string, configuration: string, folder: string): Promise<ServerProgram> {
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration);
  return startServerProgram(program, ['-e', 'stderr', '-p', folder, '-c', file, '-g', 'daemon off;'], {
    env: { PATH: process.env.PATH },
    ready: /start worker process/,
  });
}
