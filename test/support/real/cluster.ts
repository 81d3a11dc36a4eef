import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeAt } from '../../../common/runtime/home';
import { MARIADB } from '../mysql-server/mariadb';
import { MysqlServer } from '../mysql-server/mysql-server';
import { type CountingRelay, startCountingRelay } from './counting-relay';
import { type Distribution, DISTRIBUTION_PROGRAM, startDistribution } from './distribution';
import { freePort } from './free-port';
import { FAKE_GCS_PROGRAM, type FakeGcsServer, startFakeGcsServer } from './fake-gcs-server';
import { type GraphqlClient, graphqlClient } from './graphql-client';
import { ADMIN_TOKEN, type PlaneName } from './layover';
import { startPlaneProcess } from './plane-process';
import type { ServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** Programs that {@link startCluster} needs. */
export const CLUSTER_PROGRAMS = [...MARIADB.programs, FAKE_GCS_PROGRAM, DISTRIBUTION_PROGRAM] as const;

const BUCKET = 'layover-cluster';
const SECRET = 'the-secret-that-planes-of-this-cluster-share';

/** A data plane of the cluster, running or not. */
export interface ClusterNode {
  start(): Promise<void>;
  /** Sends SIGTERM. Resolves when the process has ended. */
  stop(): Promise<void>;
  /** Sends SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Returns the number of spool files of running fills. */
  spooled(): number;
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  /** Returns the number of local copies of blobs of the bucket. */
  copies(): number;
}

/**
 * Layover as on several machines: processes that are connected by TCP with a shared secret,
 * MariaDB, a bucket, and an upstream behind a relay.
 */
export interface Cluster {
  readonly upstream: Distribution;
  readonly relay: CountingRelay;
  readonly bucket: FakeGcsServer;
  readonly graphql: GraphqlClient;
  /** URLs of the edges. */
  readonly edges: readonly string[];
  readonly nodes: readonly ClusterNode[];
  /** Resolves to the names of the objects in the bucket. */
  objects(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * Starts the first `running` of `nodes` data planes, and everything else. If one part fails to
 * start, stops the others.
 */
export async function startCluster(
  size: { readonly nodes: number; readonly running?: number; readonly edges: number },
  env: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const folder = await temporaryFolder('cluster');
    ends.push(() => folder.remove());
    const database = await MysqlServer.start(MARIADB);
    ends.push(() => database.remove());
    await database.execute('CREATE DATABASE layover');
    const bucket = await startFakeGcsServer();
    ends.push(() => bucket.stop());
    await bucket.makeBucket(BUCKET);
    const upstream = await startDistribution();
    ends.push(() => upstream.stop());
    const relay = await startCountingRelay(upstream.url);
    ends.push(() => relay.close());

    const addresses = await Promise.all(
      Array.from({ length: size.nodes }, async () => `127.0.0.1:${await freePort()}`),
    );
    const start = (plane: PlaneName, home: string, more: Readonly<Record<string, string>>) =>
      startPlaneProcess(plane, join(folder.path, home), {
        LAYOVER_PLANE_SECRET: SECRET,
        LAYOVER_DATA_PLANES: addresses.join(','),
        LAYOVER_MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        ...more,
        ...env,
      });
    const control = await start('control-plane', 'control', {
      LAYOVER_CATALOG_LISTEN: '127.0.0.1:0',
      LAYOVER_DATABASE_URL: `${database.url}/layover`,
    });
    ends.push(() => control.stop(20_000));
    const [, controlUrl, catalogAddress] = control.readyMatch as unknown as [string, string, string];
    const nodes = addresses.map((address, i) =>
      clusterNode(address, join(folder.path, `data-${i}`), () =>
        start('data-plane', `data-${i}`, {
          LAYOVER_DATA_LISTEN: address,
          LAYOVER_CATALOG: catalogAddress,
          LAYOVER_NODE_NAME: `node-${i}`,
          LAYOVER_BLOB_STORE: `gs://${BUCKET}`,
          STORAGE_EMULATOR_HOST: bucket.origin,
        }),
      ),
    );
    for (const node of nodes) ends.push(() => node.stop());
    await Promise.all(nodes.slice(0, size.running ?? size.nodes).map((node) => node.start()));
    const edges: string[] = [];
    for (let i = 0; i < size.edges; i++) {
      const edge = await start('edge-http', `edge-${i}`, {});
      ends.push(() => edge.stop(20_000));
      edges.push(`http://${edge.readyMatch[1]!.replace(/^http:\/\//, '')}`);
    }
    return {
      upstream,
      relay,
      bucket,
      graphql: graphqlClient(`${controlUrl}/graphql`, ADMIN_TOKEN),
      edges,
      nodes,
      async objects() {
        const response = await fetch(`${bucket.origin}/storage/v1/b/${BUCKET}/o`);
        const { items = [] } = (await response.json()) as { items?: readonly { readonly name: string }[] };
        return items.map(({ name }) => name);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function clusterNode(address: string, home: string, begin: () => Promise<ServerProgram>): ClusterNode {
  let program: ServerProgram | undefined;
  return {
    address,
    async start() {
      program = await begin();
    },
    async stop() {
      await program?.stop(60_000);
    },
    async kill() {
      program?.signal('SIGKILL');
      await program?.exited;
    },
    spooled: () => countFiles(homeAt(home).spool),
    copies: () => countFiles(homeAt(home).copies),
  };
}

function countFiles(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
