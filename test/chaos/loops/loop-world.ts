import { startFakeRegistry } from '../../support/fake-registry';
import { freePort } from '../../support/real/free-port';
import { graphqlClient } from '../../support/real/graphql-client';
import { basicAuthorization, send } from '../../support/real/http-client';
import { ADMIN_TOKEN, layoverEnvironment, type PlaneName, standaloneProgram } from '../../support/real/layover';
import { childrenOf, isAlive } from '../../support/real/process-tree';
import { type ServerProgram, startServerProgram } from '../../support/real/server-program';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { QUICK_LIMITS } from '../world/quick-limits';
import { runFsck } from '../world/run-fsck';
import { waitUntilSettled } from '../world/settled';
import { ORGANIZATION, type World } from '../world/world';
import type { Target } from './round';

const PLANES: readonly PlaneName[] = ['edge-http', 'data-plane', 'control-plane'];
const START_MS = 60_000;
/** Longer than the longest delay before a plane is restarted. */
const BACK_MS = 60_000;

/** Layover as `npm start` runs it, whose processes can be killed and paused. */
export interface LoopWorld extends World {
  /**
   * Kills a plane, or the parent and then starts Layover again at once. Resolves when the edge or
   * plane that was killed has ended.
   */
  kill(target: Target): Promise<void>;
  /** Stops a plane with SIGSTOP until `resume`. */
  pause(plane: PlaneName): void;
  /** Lets a plane continue with SIGCONT. */
  resume(plane: PlaneName): void;
  /** Resolves when all planes run again. Throws an Error if they do not, or if the start fails. */
  back(): Promise<void>;
}

/** Starts Layover and an upstream. If one part fails to start, stops the others. Needs a build. */
export async function startLoopWorld(): Promise<LoopWorld> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return await build((end) => void ends.push(end), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(atEnd: (end: () => Promise<unknown>) => void, stop: () => Promise<void>): Promise<LoopWorld> {
  const folder = await temporaryFolder('loop');
  atEnd(() => folder.remove());
  const upstream = await startFakeRegistry();
  atEnd(() => upstream.close());
  const [edge, edgeMetrics, control, data] = await ports();
  const env = {
    ...QUICK_LIMITS,
    LAYOVER_EDGE_LISTEN: edge,
    LAYOVER_EDGE_METRICS_LISTEN: edgeMetrics,
    LAYOVER_CONTROL_LISTEN: control,
    LAYOVER_DATA_HTTP_LISTEN: data,
  };
  const start = (): Promise<ServerProgram> =>
    startServerProgram(process.execPath, [standaloneProgram()], {
      env: layoverEnvironment(folder.path, env),
      ready: /Layover is ready: /,
      readyTimeoutMs: START_MS,
    });
  let server = await start();
  let restart: Promise<ServerProgram> | undefined;
  let killed: readonly number[] = [];
  atEnd(async () => {
    await (restart ?? Promise.resolve(server)).then((last) => last.stop(30_000)).catch(() => undefined);
  });

  const planePid = (plane: PlaneName): number | undefined =>
    childrenOf(server.pid).find(({ commandLine }) => commandLine.includes(`${plane}/src/main.js`))?.pid;
  const mustPid = (plane: PlaneName): number => {
    const pid = planePid(plane);
    if (pid === undefined) throw new Error(`The ${plane} is not running`);
    return pid;
  };
  const graphql = graphqlClient(`http://${control}/graphql`, ADMIN_TOKEN);
  await graphql.run('mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }', {
    i: {
      name: ORGANIZATION,
      proxyCache: { upstream: `127.0.0.1:${upstream.port}`, insecure: true, completeImages: false },
    },
  });
  const { createRobot: robot } = await graphql.run<{ createRobot: { username: string; secret: string } }>(
    'mutation ($o: String!) { createRobot(organization: $o, name: "pull") { username secret } }',
    { o: ORGANIZATION },
  );
  const authorization = basicAuthorization({ username: robot.username, password: robot.secret });
  const url = `http://${edge}`;
  const answers = async (): Promise<boolean> =>
    (await send({ url: `${url}/v2/`, headers: { Authorization: authorization } })).status === 200;
  await waitUntil('the organization', answers);

  return {
    kind: 'machine',
    upstream,
    relays: new Map(),
    url,
    authorization,
    graphql,
    ended: () => undefined,
    settled: () => waitUntilSettled([`http://${data}/metrics`, `http://${edgeMetrics}/metrics`]),
    fsck: () => runFsck(folder.path, env),
    stop,
    async kill(target) {
      if (target !== 'parent' && target !== 'everything') {
        killed = [mustPid(target)];
        process.kill(killed[0]!, 'SIGKILL');
        return hasEnded(killed[0]!);
      }
      killed = PLANES.map(mustPid);
      server.signal('SIGKILL');
      if (target === 'everything') for (const pid of killed) process.kill(pid, 'SIGKILL');
      await server.exited;
      restart = start();
      // `back` reports a failure.
      restart.catch(() => undefined);
      await hasEnded(killed[0]!);
    },
    pause: (plane) => void process.kill(mustPid(plane), 'SIGSTOP'),
    resume: (plane) => void process.kill(mustPid(plane), 'SIGCONT'),
    async back() {
      if (restart !== undefined) server = await restart;
      restart = undefined;
      await waitUntil(
        'all planes',
        async () => {
          const pids = PLANES.map(planePid);
          if (pids.some((pid) => pid === undefined || killed.includes(pid))) return false;
          await graphql.run('{ __typename }');
          return answers();
        },
        BACK_MS,
        50,
      );
    },
  };
}

/** Returns four free addresses, which stay the same when Layover is started again. */
async function ports(): Promise<[string, string, string, string]> {
  const one = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
  return [await one(), await one(), await one(), await one()];
}

function hasEnded(pid: number): Promise<void> {
  return waitUntil(`the end of process ${pid}`, () => !isAlive(pid), 20_000, 5).then(() => undefined);
}
