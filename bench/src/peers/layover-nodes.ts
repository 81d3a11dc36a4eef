import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { graphqlClient } from '../../../test/support/real/graphql-client';
import { freePort } from '../../../test/support/real/free-port';
import { ADMIN_TOKEN, type PlaneName } from '../../../test/support/real/layover';
import { startPlaneProcess } from '../../../test/support/real/plane-process';
import type { ServerProgram } from '../../../test/support/real/server-program';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';

/** The number of planes and the transport between them. */
export interface LayoverNodesOptions {
  /** Number of data planes. */
  readonly nodes: number;
  /** Number of edges. Default: one for each data plane. */
  readonly edges?: number;
  /** `unix`: edges read the files of data planes. `tcp`: data planes send the bytes of blobs. */
  readonly transport: 'unix' | 'tcp';
  /** `http://host:port`. */
  readonly upstream: string;
  /** Environment variables of data planes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Returns environment variables of the edge of a data plane with this home. */
  readonly edgeEnv?: (home: string) => Readonly<Record<string, string>>;
}

/** A Layover whose planes run as separate processes with their own homes. */
export interface LayoverNodes {
  /** Addresses of the edges: `127.0.0.1:<port>`. */
  readonly hosts: readonly string[];
  /** Returns the path of an upstream repository on every edge. */
  path(repository: string): string;
  /** Homes of the data planes. */
  readonly homes: readonly string[];
  /** Process ids of the data planes and then the edges, which carry the bytes. */
  readonly pids: readonly number[];
  /** Ends all processes and deletes their homes. */
  stop(): Promise<void>;
}

const ORGANIZATION = 'bench';
/** Starts planes from the build, with one organization for the upstream. */
export async function startLayoverNodes(options: LayoverNodesOptions): Promise<LayoverNodes> {
  const folder = await temporaryFolder('nodes');
  const secret = randomBytes(32).toString('hex');
  const started: ServerProgram[] = [];
  const start = async (plane: PlaneName, name: string, env: Readonly<Record<string, string>>) => {
    const server = await startPlaneProcess(plane, join(folder.path, name), {
      LAYOVER_NODE_NAME: name,
      ...(options.transport === 'tcp' ? { LAYOVER_PLANE_SECRET: secret } : {}),
      ...env,
    });
    started.push(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    for (const program of started.splice(0).reverse()) await program.stop(20_000);
    await folder.remove();
  };
  try {
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
    const addresses: string[] = [];
    for (const name of names) {
      if (options.transport === 'tcp') addresses.push(`127.0.0.1:${await freePort()}`);
      else addresses.push(`unix:${join(folder.path, `${name}.sock`)}`);
    }
    const all = { LAYOVER_DATA_PLANES: addresses.join(',') };
    const catalogListen = options.transport === 'tcp' ? '127.0.0.1:0' : `unix:${join(folder.path, 'catalog.sock')}`;
    const control = await start('control-plane', 'control', { LAYOVER_CATALOG_LISTEN: catalogListen, ...all });
    const [, controlUrl, catalog] = control.readyMatch as unknown as [string, string, string];
    await graphqlClient(`${controlUrl}/graphql`, ADMIN_TOKEN).createOrganization(ORGANIZATION, {
      upstream: new URL(options.upstream).host,
    });
    const pids: number[] = [];
    for (const [index, name] of names.entries()) {
      const listen = { LAYOVER_DATA_LISTEN: addresses[index]!, LAYOVER_CATALOG: catalog };
      const peers = options.nodes === 1 ? {} : all;
      pids.push((await start('data-plane', name, { ...listen, ...peers, ...options.env })).pid);
    }
    const hosts: string[] = [];
    const homes = names.map((name) => join(folder.path, name));
    for (const [index, name] of names.slice(0, options.edges).entries()) {
      const edge = await start('edge-http', `edge-of-${name}`, { ...all, ...options.edgeEnv?.(homes[index]!) });
      pids.push(edge.pid);
      hosts.push(edge.readyMatch[1]!.replace(/^http:\/\//, ''));
    }
    return { hosts, path: (repository) => `/v2/${ORGANIZATION}/${repository}`, homes, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
