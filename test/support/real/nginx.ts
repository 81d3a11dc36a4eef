import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { makeAuthority } from '../test-authority';
import { freePort } from './free-port';
import { findProgram } from './programs';
import { mustRun } from './run-program';
import { type ServerProgram, startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** Programs that {@link startNginx} needs. */
export const NGINX_PROGRAMS = ['nginx', 'openssl'] as const;

/** The template that Layover ships. */
const TEMPLATE = 'deploy/nginx/nginx.conf.template';

/** What nginx is put in front of. */
export interface NginxOptions {
  /** The edge: `127.0.0.1:<port>` or `unix:<path>`. */
  readonly edge: string;
  readonly secret: string;
  /** LAYOVER_HOME of the data plane. */
  readonly home: string;
  /** Plain HTTP, without HTTP/2. Default: false. */
  readonly plain?: boolean;
  /** Changes the configuration before nginx reads it. */
  readonly change?: (configuration: string) => string;
}

/** nginx with the configuration of deploy/nginx on a free port of 127.0.0.1. */
export interface Nginx {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly port: number;
  /** `https://127.0.0.1:<port>`, or `http://` if it is plain. */
  readonly url: string;
  /** The authority of its certificate in PEM. */
  readonly ca: string;
  /** A folder with the authority as ca.crt, for podman. */
  readonly certDir: string;
  readonly pid: number;
  /** Returns its error log. */
  output(): string;
  /** Ends all its processes and deletes its folder. Can be called twice. */
  stop(): Promise<void>;
}

/** Returns the template with values in place of all variables. Throws an Error if one has none. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\$\{([A-Z_]+)\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${TEMPLATE} has the unknown variable ${name}`);
    return value;
  });
}

/**
 * Starts nginx as it is shipped, after `nginx -t` has accepted the configuration. Resolves when it
 * accepts connections. Throws an Error with its output if it doesn't.
 */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { edge, secret, home, plain = false, change = (text) => text } = options;
  const program = findProgram('nginx');
  if (program === undefined) throw new Error('nginx is not installed');
  const folder = await temporaryFolder('nginx');
  const at = (name: string): string => join(folder.path, name);
  let server: ServerProgram | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    await folder.remove();
  };
  try {
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue(['IP:127.0.0.1', 'DNS:localhost']);
    await Promise.all([mkdir(at('tls')), mkdir(at('run')), mkdir(at('certs'))]);
    const port = await freePort();
    const configuration = fillTemplate(await readFile(join(packageRoot(), TEMPLATE), 'utf8'), {
      NGINX_USER: userInfo().username,
      NGINX_RUN: at('run'),
      NGINX_ERROR_LOG: 'stderr',
      NGINX_LISTEN: `127.0.0.1:${port}`,
      NGINX_TLS: at('tls'),
      NGINX_EDGE: edge,
      LAYOVER_EDGE_OFFLOAD_SECRET: secret,
      LAYOVER_HOME: home,
    });
    await Promise.all([
      writeFile(at('tls/tls.crt'), cert),
      writeFile(at('tls/tls.key'), key),
      writeFile(at('certs/ca.crt'), authority.ca),
      writeFile(at('nginx.conf'), change(started(plain ? withoutTls(configuration) : configuration))),
    ]);
    const env = { PATH: process.env.PATH };
    const args = ['-e', 'stderr', '-p', folder.path, '-c', at('nginx.conf')];
    const { stderr } = await mustRun(program, [...args, '-t'], { env });
    if (/\[(?:warn|error)\]/.test(stderr)) throw new Error(`nginx -t warns: ${stderr}`);
    server = await startServerProgram(program, [...args, '-g', 'daemon off;'], { env, ready: /start worker process/ });
    const { pid, output } = server;
    const host = `127.0.0.1:${port}`;
    const url = `${plain ? 'http' : 'https'}://${host}`;
    return { host, port, url, ca: authority.ca, certDir: at('certs'), pid, output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the configuration with a log level at which nginx says that it has started. */
function started(configuration: string): string {
  return configuration.replace('stderr warn;', 'stderr notice;');
}

function withoutTls(configuration: string): string {
  return configuration.replace(' ssl http2;', ';').replace(/^ *ssl_.*\n/gm, '');
}
