import { startFakeRegistry } from '../../support/fake-registry';
import { freePort } from '../../support/real/free-port';
import { graphqlClient } from '../../support/real/graphql-client';
import { basicAuthorization, send } from '../../support/real/http-client';
import { ADMIN_TOKEN, type PlaneName } from '../../support/real/layover';
import { startPlaneProcess } from '../../support/real/plane-process';
import type { ServerProgram } from '../../support/real/server-program';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { arrangeHosts } from './arrange-hosts';
import { arrangeMachine } from './arrange-machine';
import { arrangeScans } from './arrange-scans';
import { type Arrangement, type ArrangementParts, hostOf, loopback } from './arrangement';
import type { WorldKind } from './place';
import { QUICK_LIMITS } from './quick-limits';
import { runFsck } from './run-fsck';
import { waitUntilSettled } from './settled';
import { ORGANIZATION, type World } from './world';

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
  const common = { ...QUICK_LIMITS, LAYOVER_EDGE_LISTEN: `127.0.0.1:${edgePort}` };
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
    settled: () => waitUntilSettled([`http://127.0.0.1:${dataHttpPort}/metrics`]),
    fsck: () => runFsck(folder.path, { ...common, ...env['control-plane'], ...fsckEnv }),
    async stop() {
      isStopping = true;
      await stop();
    },
  };
}
