import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { type GraphqlClient, graphqlClient } from './graphql-client';
import { childrenOf } from './process-tree';
import { type ServerExit, type ServerProgram, startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';
import { waitUntil } from './wait-until';

/** Names of the planes, as their folders are called. */
export type PlaneName = 'edge-http' | 'data-plane' | 'control-plane';

/** The admin token of every Layover that tests start. */
export const ADMIN_TOKEN = 'admin-token-of-the-tests-0123456789abcdef';

/** Layover as users run it: three processes under their parent. */
export interface RunningLayover {
  /** The edge: `127.0.0.1:<port>`, as clients write it in references. */
  readonly host: string;
  readonly url: string;
  /** `http://127.0.0.1:<port>/graphql`. */
  readonly graphqlUrl: string;
  readonly graphql: GraphqlClient;
  /** LAYOVER_HOME. */
  readonly home: string;
  readonly pid: number;
  /** What it has printed. */
  output(): string;
  /** Process id of a plane that runs now; throws where there is none. */
  planePid(plane: PlaneName): number;
  /** SIGKILL to a plane; resolves to the process id of the one that the parent started in its place. */
  killPlane(plane: PlaneName): Promise<number>;
  /** SIGTERM to the parent and wait; keeps the home. */
  terminate(): Promise<ServerExit>;
  /** Ends everything and removes the home. Harmless when called twice. */
  stop(): Promise<void>;
}

/** The environment that tests give Layover; `env` wins. Nothing of this process's own LAYOVER_ variables gets through. */
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
    LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '127.0.0.0/8',
    LAYOVER_DRAIN_SECONDS: '5',
    ...env,
  };
}

/** The compiled program that `npm start` runs. Throws an Error where nothing has been built. */
export function standaloneProgram(): string {
  const program = join(packageRoot(), 'dist', 'standalone', 'src', 'main.js');
  if (!existsSync(program)) throw new Error('Layover is not built: run `npm test` (or `npm run build`) first.');
  return program;
}

/** Starts the built product; resolves at its "Layover is ready" line. A `home` that is given is kept at the end. */
export async function startLayover(
  options: { readonly env?: Readonly<Record<string, string>>; readonly home?: string } = {},
): Promise<RunningLayover> {
  const folder = options.home === undefined ? await temporaryFolder('home') : undefined;
  const home = options.home ?? folder!.path;
  let server: ServerProgram;
  try {
    server = await startServerProgram(process.execPath, [standaloneProgram()], {
      env: layoverEnvironment(home, options.env),
      ready: /Layover is ready: registry (?:http:\/\/)?(\S+), GraphQL (\S+\/graphql)/,
    });
  } catch (error) {
    await folder?.remove();
    throw error;
  }
  const host = server.readyMatch[1]!;
  const graphqlUrl = /^http/.test(server.readyMatch[2]!) ? server.readyMatch[2]! : `http://${server.readyMatch[2]}`;
  const planePid = (plane: PlaneName): number => {
    const found = childrenOf(server.pid).find(({ commandLine }) => commandLine.includes(`${plane}/src/main.js`));
    if (found === undefined) throw new Error(`no ${plane} runs`);
    return found.pid;
  };
  return {
    host,
    url: `http://${host}`,
    graphqlUrl,
    graphql: graphqlClient(graphqlUrl, ADMIN_TOKEN),
    home,
    pid: server.pid,
    output: server.output,
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
