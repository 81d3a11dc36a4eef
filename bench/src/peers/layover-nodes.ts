import { join } from 'node:path';
import { graphqlClient } from '../../../test/support/real/graphql-client';
import { freePort } from '../../../test/support/real/free-port';
import { ADMIN_TOKEN, type PlaneName } from '../../../test/support/real/layover';
import { startPlaneProcess } from '../../../test/support/real/plane-process';
import type { ServerProgram } from '../../../test/support/real/server-program';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';

/** How many planes, and how they are connected. */
export interface LayoverNodesOptions {
  /** Of edges, and as many data planes. */
  readonly nodes: number;
  /** `unix`: edges read the files of data planes. `tcp`: bytes come over the calls. */
  readonly transport: 'unix' | 'tcp';
  /** `http://host:port`. */
  readonly upstream: string;
  /** For data planes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A Layover whose planes run as processes with homes of their own. */
export interface LayoverNodes {
  /** Edges, as `127.0.0.1:<port>`. */
  readonly hosts: readonly string[];
  /** Where a repository of the upstream is found, on every edge. */
  path(repository: string): string;
  /** Processes of edges and data planes: what carries bytes. */
  readonly pids: readonly number[];
  /** Ends all and removes what they stored. */
  stop(): Promise<void>;
}

const ORGANIZATION = 'bench';
/** Starts them from the build, with an organization at the upstream. */
export async function startLayoverNodes(options: LayoverNodesOptions): Promise<LayoverNodes> {
  const folder = await temporaryFolder('nodes');
  const started: ServerProgram[] = [];
  const start = async (plane: PlaneName, name: string, env: Readonly<Record<string, string>>) => {
    const server = await startPlaneProcess(plane, join(folder.path, name), { LAYOVER_NODE_NAME: name, ...env });
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
    const control = await start('control-plane', 'control', { LAYOVER_CATALOG_LISTEN: '127.0.0.1:0', ...all });
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
    for (const name of names) {
      const edge = await start('edge-http', `edge-of-${name}`, all);
      pids.push(edge.pid);
      hosts.push(edge.readyMatch[1]!.replace(/^http:\/\//, ''));
    }
    return { hosts, path: (repository) => `/v2/${ORGANIZATION}/${repository}`, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
