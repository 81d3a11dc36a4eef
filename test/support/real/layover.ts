import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { type GraphqlClient, graphqlClient } from './graphql-client';
import { childrenOf } from './process-tree';
import { type ServerExit, type ServerProgram, startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';
import { waitUntil } from './wait-until';

/** Names of the planes, equal to their folders. */
export type PlaneName = 'edge-http' | 'data-plane' | 'control-plane';

/** The admin token of every Layover in tests. */
export const ADMIN_TOKEN = 'admin-token-of-the-tests-0123456789abcdef';

/** Layover as users run it: three processes and their parent. */
export interface RunningLayover {
  /** Address of the edge, `127.0.0.1:<port>`, as clients write it in image names. */
  readonly host: string;
  readonly url: string;
  /** `http://127.0.0.1:<port>/graphql`. */
  readonly graphqlUrl: string;
  readonly graphql: GraphqlClient;
  /** LAYOVER_HOME. */
  readonly home: string;
  readonly pid: number;
  /** Returns its output. */
  output(): string;
  /** Returns the process ids of the running processes of a plane. */
  planePids(plane: PlaneName): number[];
  /** Returns the process id of a running plane. Throws an Error if it does not run. */
  planePid(plane: PlaneName): number;
  /**
   * Sends SIGKILL to a plane. Resolves to the process id of the replacement that the parent
   * started.
   */
  killPlane(plane: PlaneName): Promise<number>;
  /** Sends SIGTERM to the parent and waits. Keeps the home. */
  terminate(): Promise<ServerExit>;
  /** Ends all processes and deletes the home. Can be called twice. */
  stop(): Promise<void>;
}

/**
 * Returns the environment of Layover in tests, overridden by `env`. LAYOVER_ variables of this
 * process are not passed on.
 */
export function layoverEnvironment(
  home: string,
  env: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: home,
    NODE_OPTIONS: process.env.LAYOVER_TEST_NODE_OPTIONS,
    LAYOVER_HOME: home,
    LAYOVER_EDGE_LISTEN: '127.0.0.1:0',
    LAYOVER_CONTROL_LISTEN: '127.0.0.1:0',
    LAYOVER_ADMIN_TOKEN: ADMIN_TOKEN,
    LAYOVER_BOOTSTRAP: '0',
    // The numbers depend on the machine otherwise.
    LAYOVER_EDGES: '1',
    LAYOVER_DATA_PLANES_LOCAL: '1',
    LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '127.0.0.0/8',
    LAYOVER_DRAIN_SECONDS: '5',
    ...env,
  };
}

/**
 * Returns the path of the compiled program that `npm start` runs. Throws an Error if there is no
 * build.
 */
export function standaloneProgram(): string {
  const program = join(packageRoot(), 'dist', 'standalone', 'src', 'main.js');
  if (!existsSync(program)) throw new Error('Layover is not built: run `npm test` (or `npm run build`) first.');
  return program;
}

/** Options of {@link startLayover}. */
export interface LayoverOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Is kept at the end. Default: a new one, which is deleted. */
  readonly home?: string;
  /** Limit of open files of each process (`ulimit -n`). Default: that of this process. */
  readonly openFiles?: number;
}

/** Starts the built product. Resolves at its "Layover is ready" line. */
export async function startLayover(options: LayoverOptions = {}): Promise<RunningLayover> {
  const folder = options.home === undefined ? await temporaryFolder('home') : undefined;
  const home = options.home ?? folder!.path;
  let server: ServerProgram;
  try {
    const [program, ...args] = limited([process.execPath, standaloneProgram()], options.openFiles);
    server = await startServerProgram(program!, args, {
      env: layoverEnvironment(home, options.env),
      ready: /Layover is ready: registry (?:http:\/\/)?(\S+), GraphQL (\S+\/graphql)/,
    });
  } catch (error) {
    await folder?.remove();
    throw error;
  }
  const host = server.readyMatch[1]!;
  const graphqlUrl = /^http/.test(server.readyMatch[2]!) ? server.readyMatch[2]! : `http://${server.readyMatch[2]}`;
  const planePids = (plane: PlaneName): number[] =>
    childrenOf(server.pid)
      .filter(({ commandLine }) => commandLine.includes(`${plane}/src/main.js`))
      .map(({ pid }) => pid);
  const planePid = (plane: PlaneName): number => {
    const [pid] = planePids(plane);
    if (pid === undefined) throw new Error(`The ${plane} is not running`);
    return pid;
  };
  return {
    host,
    url: `http://${host}`,
    graphqlUrl,
    graphql: graphqlClient(graphqlUrl, ADMIN_TOKEN),
    home,
    pid: server.pid,
    output: server.output,
    planePids,
    planePid,
    async killPlane(plane) {
      const killed = planePid(plane);
      process.kill(killed, 'SIGKILL');
      return waitUntil(`the restart of the ${plane}`, () => {
        const pid = planePid(plane);
        return pid !== killed && pid;
      });
    },
    terminate: () => server.stop(60_000),
    async stop() {
      await server.stop(30_000);
      await folder?.remove();
    },
  };
}

/** Returns a command that runs with a limit of open files. */
function limited(command: readonly string[], openFiles: number | undefined): readonly string[] {
  if (openFiles === undefined) return command;
  return ['/bin/sh', '-c', 'ulimit -n "$1" && shift && exec "$@"', 'sh', String(openFiles), ...command];
}
