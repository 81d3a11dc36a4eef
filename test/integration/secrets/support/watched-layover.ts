import { createLogger } from '../../../../common/runtime/logger';
import { startLayoverInProcess } from '../../../support/real/layover-in-process';

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
  let log = '';
  const layover = await startLayoverInProcess({
    env: { LAYOVER_ADMIN_TOKEN: adminToken, ...environment },
    logger: (plane) => createLogger(plane, 'trace', { write: (line: string) => void (log += line) }),
    announce: (line) => void (log += `${line}\n`),
  });
  const answers: string[] = [];
  const keep = async (response: Response): Promise<Seen> => {
    const text = await response.text();
    answers.push(`${JSON.stringify([...response.headers])}\n${text}`);
    return { status: response.status, text };
  };
  const graphql: WatchedLayover['graphql'] = async (query, variables = {}, token = adminToken) =>
    keep(
      await fetch(`${layover.controlUrl}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      }),
    );
  return {
    home: layover.home,
    catalogAddress: layover.catalogAddress,
    log: () => log,
    answers,
    registry: async (path, headers = {}) => keep(await fetch(`${layover.url}${path}`, { headers })),
    control: async (path, authorization = `Bearer ${adminToken}`) =>
      keep(await fetch(`${layover.controlUrl}${path}`, { headers: { authorization } })),
    graphql,
    async ask<T>(query: string, variables?: object) {
      const { text } = await graphql(query, variables);
      const { data: result, errors } = JSON.parse(text) as { data?: T; errors?: unknown };
      if (errors !== undefined || result === undefined) throw new Error(text);
      return result;
    },
    stopPlanes: () => layover.stopPlanes(),
    stop: () => layover.stop(),
  };
}
