import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { startFakeRegistry } from '../../support/fake-registry';
import { freePort } from '../../support/real/free-port';
import { graphqlClient } from '../../support/real/graphql-client';
import { basicAuthorization, send } from '../../support/real/http-client';
import { ADMIN_TOKEN, layoverEnvironment, type PlaneName } from '../../support/real/layover';
import { startPlaneProcess } from '../../support/real/plane-process';
import { runProgram } from '../../support/real/run-program';
import type { ServerProgram } from '../../support/real/server-program';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { arrangeHosts } from './arrange-hosts';
import { arrangeMachine } from './arrange-machine';
import { arrangeScans } from './arrange-scans';
import { type Arrangement, type ArrangementParts, hostOf, loopback } from './arrangement';
import type { WorldKind } from './place';
import { type FsckProblem, ORGANIZATION, type World } from './world';

/**
 * Short time limits for upstreams, so that a case with a silent upstream takes seconds, and no
 * limits that many pulls in a row would meet.
 */
const QUICK: Readonly<Record<string, string>> = {
  LAYOVER_UPSTREAM_CONNECT_SECONDS: '1',
  LAYOVER_UPSTREAM_HEADERS_SECONDS: '2',
  LAYOVER_UPSTREAM_BLOB_HEADERS_SECONDS: '3',
  LAYOVER_UPSTREAM_STALL_SECONDS: '2',
  LAYOVER_UPSTREAM_OPERATION_SECONDS: '8',
  LAYOVER_GRAPHQL_RATE_LIMIT: '0',
  LAYOVER_DRAIN_SECONDS: '1',
};
/** A world without traffic must come to rest within this time, in milliseconds. */
const SETTLE_MS = 30_000;
const FSCK_MS = 180_000;

const ARRANGE: Readonly<Record<WorldKind, (parts: ArrangementParts) => Promise<Arrangement>>> = {
  machine: arrangeMachine,
  hosts: arrangeHosts,
  scans: arrangeScans,
};

/** Starts a world. If one part fails to start, stops the others. Needs a build. */
export async function startWorld(kind: WorldKind): Promise<World> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return await build(kind, (end) => void ends.push(end), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(kind: WorldKind, atEnd: ArrangementParts['atEnd'], stop: () => Promise<void>): Promise<World> {
  const folder = await temporaryFolder('chaos');
  atEnd(() => folder.remove());
  const upstream = await startFakeRegistry();
  atEnd(() => upstream.close());
  const edgePort = await freePort();
  const dataHttpPort = await freePort();
  const parts = { folder: folder.path, upstreamPort: upstream.port, edgePort, atEnd };
  const { relays, env, fsckEnv, organization } = await ARRANGE[kind](parts);

  let ended: PlaneName | undefined;
  let isStopping = false;
  const common = { ...QUICK, LAYOVER_EDGE_LISTEN: `127.0.0.1:${edgePort}` };
  const start = async (plane: PlaneName, more: Readonly<Record<string, string>> = {}): Promise<ServerProgram> => {
    const program = await startPlaneProcess(plane, folder.path, { ...common, ...env[plane], ...more });
    atEnd(() => program.stop(10_000));
    void program.exited.then(() => {
      if (!isStopping) ended ??= plane;
    });
    return program;
  };
  const control = await start('control-plane');
  await start('data-plane', { LAYOVER_DATA_HTTP_LISTEN: `127.0.0.1:${dataHttpPort}` });
  await start('edge-http');

  const graphql = graphqlClient(`http://${control.readyMatch[1]!.replace(/^http:\/\//, '')}/graphql`, ADMIN_TOKEN);
  const upstreamAddress = relays.get('data-upstream')?.addresses[0] ?? loopback(upstream.port);
  await graphql.run('mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }', {
    i: {
      name: ORGANIZATION,
      proxyCache: { upstream: hostOf(upstreamAddress), insecure: true, completeImages: false },
      ...organization,
    },
  });
  const { createRobot: robot } = await graphql.run<{ createRobot: { username: string; secret: string } }>(
    'mutation ($o: String!) { createRobot(organization: $o, name: "pull") { username secret } }',
    { o: ORGANIZATION },
  );
  const authorization = basicAuthorization({ username: robot.username, password: robot.secret });
  const clientAddress = relays.get('client-edge')?.addresses[0] ?? loopback(edgePort);
  const url = `http://${hostOf(clientAddress)}`;
  await waitUntil(
    'the organization',
    async () => (await send({ url: `${url}/v2/`, headers: { Authorization: authorization } })).status === 200,
  );

  return {
    kind,
    upstream,
    relays,
    url,
    authorization,
    graphql,
    ended: () => ended,
    settled: () => settled(`http://127.0.0.1:${dataHttpPort}/metrics`),
    fsck: () => fsck(folder.path, { ...common, ...env['control-plane'], ...fsckEnv }),
    async stop() {
      isStopping = true;
      await stop();
    },
  };
}

/** Waits until a data plane has delivered all records and runs no fill. */
async function settled(metrics: string): Promise<void> {
  await waitUntil(
    'the delivery of all records and the end of all fills',
    async () => {
      const text = (await send({ url: metrics })).body.toString();
      const value = (name: string): number => {
        const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
        return lines.reduce((sum, [, number]) => sum + Number(number), 0);
      };
      return value('layover_data_journal_records') === 0 && value('layover_data_fills_running') === 0;
    },
    SETTLE_MS,
    50,
  );
}

async function fsck(home: string, env: Readonly<Record<string, string>>): Promise<readonly FsckProblem[]> {
  const program = join(packageRoot(), 'dist', 'control-plane', 'src', 'fsck', 'main.js');
  const result = await runProgram(process.execPath, [program, '--json'], {
    env: layoverEnvironment(home, env),
    timeoutMs: FSCK_MS,
  });
  if (result.code !== 0 && result.code !== 1) throw new Error(`fsck ended with code ${result.code}: ${result.stderr}`);
  return result.stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; kind: string; digest?: string })
    .filter(({ type }) => type === 'problem')
    .map((problem) => ({ kind: problem.kind, digest: /sha256:[0-9a-f]{64}/.exec(JSON.stringify(problem))?.[0] }));
}
