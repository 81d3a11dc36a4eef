import { join } from 'node:path';
import { freePort } from './free-port';
import { type GraphqlClient, graphqlClient } from './graphql-client';
import { ADMIN_TOKEN, type PlaneName } from './layover';
import { startPlaneProcess } from './plane-process';
import type { ServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/**
 * The three planes as separate processes with their own homes, connected by TCP, as on three
 * machines.
 */
export interface SeparatePlanes {
  /** `http://` or `https://127.0.0.1:<port>`. */
  readonly edgeUrl: string;
  readonly graphqlUrl: string;
  readonly graphql: GraphqlClient;
  /** gRPC addresses of the data plane and of the Catalog: `127.0.0.1:<port>`. */
  readonly dataAddress: string;
  readonly catalogAddress: string;
  readonly planes: Readonly<Record<PlaneName, ServerProgram>>;
  /**
   * Starts another edge with additional environment variables. Resolves to its URL. The caller
   * stops it.
   */
  startEdge(env: Readonly<Record<string, string>>): Promise<{ readonly url: string; readonly program: ServerProgram }>;
  stop(): Promise<void>;
}

/**
 * Starts the planes from the build, each with its own environment. `ca` is the certificate
 * authority of the control plane's HTTPS.
 */
export async function startSeparatePlanes(
  env: Readonly<Record<PlaneName, Readonly<Record<string, string>>>>,
  ca?: string,
): Promise<SeparatePlanes> {
  const folder = await temporaryFolder('separate');
  const started: ServerProgram[] = [];
  const start = async (
    plane: PlaneName,
    home: string,
    more: Readonly<Record<string, string>>,
  ): Promise<ServerProgram> => {
    const server = await startPlaneProcess(plane, join(folder.path, home), { ...env[plane], ...more });
    started.push(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    for (const program of started.splice(0).reverse()) await program.stop(20_000);
    await folder.remove();
  };
  try {
    const dataAddress = `127.0.0.1:${await freePort()}`;
    const control = await start('control-plane', 'control', {
      LAYOVER_CATALOG_LISTEN: '127.0.0.1:0',
      LAYOVER_DATA_PLANES: dataAddress,
    });
    const [, controlUrl, catalogAddress] = control.readyMatch as unknown as [string, string, string];
    const data = await start('data-plane', 'data', {
      LAYOVER_DATA_LISTEN: dataAddress,
      LAYOVER_CATALOG: catalogAddress,
    });
    const toData = { LAYOVER_DATA_PLANES: dataAddress };
    const edge = await start('edge-http', 'edge', toData);
    const graphqlUrl = `${controlUrl}/graphql`;
    return {
      edgeUrl: withScheme(edge.readyMatch[1]!),
      graphqlUrl,
      graphql: graphqlClient(graphqlUrl, ADMIN_TOKEN, ca),
      dataAddress,
      catalogAddress,
      planes: { 'edge-http': edge, 'data-plane': data, 'control-plane': control },
      async startEdge(more) {
        const program = await start('edge-http', 'edge-2', { ...toData, ...more });
        return { url: withScheme(program.readyMatch[1]!), program };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function withScheme(address: string): string {
  return address.startsWith('https://') ? address : `http://${address}`;
}
