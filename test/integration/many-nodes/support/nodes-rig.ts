import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeAt } from '../../../../common/runtime/home';
import type { EdgeOverrides } from '../../../../edge-http/src/app';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import { freePort } from '../../../support/real/free-port';
import { type GraphqlClient, graphqlClient } from '../../../support/real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../../support/real/layover';
import { type RunningPlane, startPlaneInside, startPlaneOutside } from '../../../support/real/start-plane';
import { temporaryFolder } from '../../../support/real/temporary-folder';

/** How a rig is started. */
export interface NodesRigOptions {
  /** Data planes that run from the start; default 3. Five at most can ever run. */
  readonly dataPlanes?: number;
  readonly edges?: number;
  /** `unix`: edges know a list of sockets, and read files. `tcp`: they know one name, and bytes come over the calls. */
  readonly transport: 'unix' | 'tcp';
  /** Data planes as processes of their own, so that they can be killed. */
  readonly processes?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly edge?: EdgeOverrides;
}

/** A data plane of the rig, whether it runs or not. */
export interface RigNode {
  readonly home: string;
  start(): Promise<void>;
  /** As SIGTERM does. */
  stop(): Promise<void>;
  /** The process; throws where there is none. */
  readonly running: RunningPlane;
  /** Files of fills that run. */
  spooled(): number;
  holds(digest: string): boolean;
}

/** One control plane and one upstream, several data planes and edges. */
export interface NodesRig {
  readonly upstream: FakeRegistry;
  readonly graphql: GraphqlClient;
  /** Of the edges. */
  readonly urls: readonly string[];
  readonly nodes: readonly RigNode[];
  /** What the name of the data planes leads to (`tcp`), as indexes of `nodes`. */
  listed: readonly number[];
  /** GETs of a blob that reached the upstream. */
  fetches(digest: string): number;
  close(): Promise<void>;
}

const MOST = 5;
const NAME = 'planes.test';

/** Starts everything in folders of their own, with an organization `docker` at the upstream. Whoever starts it closes it. */
export async function startNodesRig(options: NodesRigOptions): Promise<NodesRig> {
  const { dataPlanes = 3, edges = 3, transport } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const folder = await temporaryFolder('nodes');
    closers.push(() => folder.remove());
    const upstream = await startFakeRegistry();
    closers.push(() => upstream.close());
    const port = transport === 'tcp' ? await freePort() : 0;
    const homes = Array.from({ length: MOST }, (_, i) => join(folder.path, `n${i}`));
    const addresses = homes.map((home, i) =>
      transport === 'tcp' ? `127.0.0.${i + 1}:${port}` : `unix:${homeAt(home).dataSocket}`,
    );
    const variables = (i: number): Record<string, string> => ({
      LAYOVER_NODE_NAME: `node-${i}`,
      // The edges reach the planes by a name, which may lead anywhere.
      LAYOVER_PLANE_SECRET: 'the-secret-that-planes-of-this-rig-share',
      LAYOVER_CATALOG: `unix:${homeAt(folder.path).catalogSocket}`,
      LAYOVER_DATA_LISTEN: addresses[i] ?? '',
      LAYOVER_DATA_PLANES: addresses.join(','),
      LAYOVER_COMPLETION_DELAY_SECONDS: '0',
      ...options.env,
    });
    const environment = (home: string, i: number, more: Record<string, string> = {}) =>
      layoverEnvironment(home, {
        LAYOVER_LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
        ...variables(i),
        ...more,
      });

    const control = await startPlaneInside('control-plane', environment(folder.path, 0));
    closers.push(() => control.stop());
    const graphql = graphqlClient(`${control.address}/graphql`, ADMIN_TOKEN);
    await graphql.createOrganization('docker', { upstream: upstream.host });

    const begin = (home: string, i: number): Promise<RunningPlane> =>
      options.processes
        ? startPlaneOutside('data-plane', home, variables(i))
        : startPlaneInside('data-plane', environment(home, i));
    const nodes = homes.map((home, i) => createNode(home, () => begin(home, i)));
    for (const node of nodes) closers.push(() => node.stop());
    await Promise.all(nodes.slice(0, dataPlanes).map((node) => node.start()));

    const rig = { listed: nodes.slice(0, dataPlanes).map((_, i) => i) as readonly number[] };
    const planes = transport === 'tcp' ? `${NAME}:${port}` : addresses.slice(0, dataPlanes).join(',');
    const urls = await Promise.all(
      Array.from({ length: edges }, async (_, i) => {
        const edge = await startPlaneInside(
          'edge-http',
          environment(join(folder.path, `e${i}`), i, { LAYOVER_DATA_PLANES: planes }),
          {
            resolver: () => Promise.resolve(rig.listed.map((index) => `127.0.0.${index + 1}`)),
            ...options.edge,
          },
        );
        closers.push(() => edge.stop());
        return edge.address;
      }),
    );
    return Object.assign(rig, {
      upstream,
      graphql,
      urls,
      nodes,
      fetches: (digest: string) =>
        upstream.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(`/blobs/${digest}`)).length,
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

function createNode(home: string, begin: () => Promise<RunningPlane>): RigNode {
  let running: RunningPlane | undefined;
  return {
    home,
    async start() {
      running = await begin();
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    get running() {
      if (running === undefined) throw new Error('the node does not run');
      return running;
    },
    spooled: () => (existsSync(homeAt(home).spool) ? readdirSync(homeAt(home).spool).length : 0),
    holds: (digest) => existsSync(join(homeAt(home).blobs, 'sha256', digest.slice(7, 9), digest.slice(7))),
  };
}
