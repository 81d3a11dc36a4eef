import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeAt } from '../../../../common/runtime/home';
import type { EdgeOverrides } from '../../../../edge-http/src/app';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import { freePort } from '../../../support/real/free-port';
import { type GraphqlClient, graphqlClient } from '../../../support/real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../../support/real/layover';
import { type RunningPlane, startPlaneInside, startPlaneOutside } from '../../../support/real/start-plane';
import { startSwallowingRelay, type SwallowingRelay } from '../../../support/real/swallowing-relay';
import { temporaryFolder } from '../../../support/real/temporary-folder';

/** Options of a rig. */
export interface NodesRigOptions {
  /** Number of data planes that run from the start. Default: 3; at most 5 can run. */
  readonly dataPlanes?: number;
  readonly edges?: number;
  /**
   * `unix`: edges have a list of sockets and read local files. `tcp`: edges have one host name, and
   * blobs are sent over gRPC.
   */
  readonly transport: 'unix' | 'tcp';
  /** If true, data planes are separate processes, so that they can be killed. */
  readonly processes?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly edge?: EdgeOverrides;
  /** If true, edges reach each data plane through a relay (`unix` only). */
  readonly relays?: boolean;
}

/** A data plane of the rig, running or not. */
export interface RigNode {
  readonly home: string;
  start(): Promise<void>;
  /** Stops the data plane as SIGTERM does. */
  stop(): Promise<void>;
  /** The process of the data plane. Throws an Error if there is none. */
  readonly running: RunningPlane;
  /** Returns the number of spool files of running fills. */
  spooled(): number;
  holds(digest: string): boolean;
}

/** One control plane and one upstream with several data planes and edges. */
export interface NodesRig {
  readonly upstream: FakeRegistry;
  readonly graphql: GraphqlClient;
  /** URLs of the edges. */
  readonly urls: readonly string[];
  readonly nodes: readonly RigNode[];
  /** The relay in front of each node; empty without `relays`. */
  readonly relays: readonly SwallowingRelay[];
  /** The data planes that the host name resolves to (`tcp`), as indexes of `nodes`. */
  listed: readonly number[];
  /** Returns the number of GET requests for a blob that reached the upstream. */
  fetches(digest: string): number;
  close(): Promise<void>;
}

const MOST = 5;
const NAME = 'planes.test';

/**
 * Starts a rig in temporary folders, with the organization `docker` for the upstream. The caller
 * closes it.
 */
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
      // The edges find data planes by a host name, which could resolve to any address.
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
    const relays: SwallowingRelay[] = [];
    for (let i = 0; options.relays === true && i < dataPlanes; i += 1) {
      const { dataSocket } = homeAt(homes[i]!);
      const relay = await startSwallowingRelay(join(folder.path, `r${i}`), { kind: 'unix', path: dataSocket });
      closers.push(() => relay.close());
      relays.push(relay);
    }
    const reached = options.relays === true ? relays.map(({ address }) => address) : addresses.slice(0, dataPlanes);
    const planes = transport === 'tcp' ? `${NAME}:${port}` : reached.join(',');
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
      relays,
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
      if (running === undefined) throw new Error('The data plane is not running');
      return running;
    },
    spooled: () => (existsSync(homeAt(home).spool) ? readdirSync(homeAt(home).spool).length : 0),
    holds: (digest) => existsSync(join(homeAt(home).blobs, 'sha256', digest.slice(7, 9), digest.slice(7))),
  };
}
