import { createLogger } from '../../../../common/runtime/logger';
import { createControlPlane } from '../../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../../control-plane/src/config';
import { createDataPlane } from '../../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../../data-plane/src/config';
import { createEdge } from '../../../../edge-http/src/app';
import { readEdgeConfig } from '../../../../edge-http/src/config';
import { layoverEnvironment } from '../../../support/real/layover';
import { temporaryFolder } from '../../../support/real/temporary-folder';

/** An HTTP answer as text, headers included. */
export interface Seen {
  readonly status: number;
  readonly text: string;
}

/** The three planes in this process, with everything that they log (at trace level) and answer kept. */
export interface WatchedLayover {
  readonly home: string;
  readonly catalogAddress: string;
  /** Every line that the planes have logged. */
  log(): string;
  /** Every answer so far, over HTTP and GraphQL. */
  readonly answers: string[];
  /** Asks the registry. */
  registry(path: string, headers?: Readonly<Record<string, string>>): Promise<Seen>;
  /** Asks the control plane's other paths. */
  control(path: string, authorization?: string): Promise<Seen>;
  /** Asks GraphQL; errors are answers too. */
  graphql(query: string, variables?: object, token?: string): Promise<Seen>;
  /** Asks GraphQL; throws where it answers errors. */
  ask<T>(query: string, variables?: object): Promise<T>;
  stopPlanes(): Promise<void>;
  /** Stops all and removes the home. */
  stop(): Promise<void>;
}

/** Starts it in a home of its own. */
export async function startWatchedLayover(
  adminToken: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<WatchedLayover> {
  const folder = await temporaryFolder('secrets');
  let log = '';
  const logger = (plane: string) => createLogger(plane, 'trace', { write: (line: string) => void (log += line) });
  const env = layoverEnvironment(folder.path, { LAYOVER_ADMIN_TOKEN: adminToken, ...environment });
  const control = createControlPlane(readControlPlaneConfig(env), {
    log: logger('control-plane'),
    announce: (line) => void (log += `${line}\n`),
  });
  const data = createDataPlane(readDataPlaneConfig(env), { logger: logger('data-plane') });
  const edge = createEdge(readEdgeConfig(env), { logger: logger('edge-http') });
  const stopPlanes = async (): Promise<void> => {
    await edge.stop();
    await data.stop();
    await control.stop();
  };
  try {
    const { address: controlUrl } = await control.start();
    await data.start();
    const edgeUrl = `http://${(await edge.start()).address.replace(/^http:\/\//, '')}`;
    const answers: string[] = [];
    const keep = async (response: Response): Promise<Seen> => {
      const text = await response.text();
      answers.push(`${JSON.stringify([...response.headers])}\n${text}`);
      return { status: response.status, text };
    };
    const graphql: WatchedLayover['graphql'] = async (query, variables = {}, token = adminToken) =>
      keep(
        await fetch(`${controlUrl}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query, variables }),
        }),
      );
    return {
      home: folder.path,
      catalogAddress: control.catalogAddress,
      log: () => log,
      answers,
      registry: async (path, headers = {}) => keep(await fetch(`${edgeUrl}${path}`, { headers })),
      control: async (path, authorization = `Bearer ${adminToken}`) =>
        keep(await fetch(`${controlUrl}${path}`, { headers: { authorization } })),
      graphql,
      async ask<T>(query: string, variables?: object) {
        const { text } = await graphql(query, variables);
        const { data: result, errors } = JSON.parse(text) as { data?: T; errors?: unknown };
        if (errors !== undefined || result === undefined) throw new Error(text);
        return result;
      },
      stopPlanes,
      async stop() {
        await stopPlanes();
        await folder.remove();
      },
    };
  } catch (error) {
    await stopPlanes();
    await folder.remove();
    throw error;
  }
}
