import { createLogger } from '../../../../common/runtime/logger';
import { startLayoverInProcess } from '../../../support/real/layover-in-process';

/** An HTTP answer as text, including headers. */
export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/** The three planes in this process. Records all log lines (at trace level) and all answers. */
export interface WatchedLayover {
  readonly home: string;
  readonly catalogAddress: string;
  /** Returns all log lines of the planes. */
  log(): string;
  /** All answers so far, of HTTP and GraphQL requests. */
  readonly answers: string[];
  /** Sends a request to the registry. */
  registry(path: string, headers?: Readonly<Record<string, string>>): Promise<TextAnswer>;
  /** Sends a request to another path of the control plane. */
  control(path: string, authorization?: string): Promise<TextAnswer>;
  /** Sends a GraphQL request. Errors are returned as answers. */
  graphql(query: string, variables?: object, token?: string): Promise<TextAnswer>;
  /** Sends a GraphQL request. Throws an Error if the answer has errors. */
  ask<T>(query: string, variables?: object): Promise<T>;
  stopPlanes(): Promise<void>;
  /** Stops the planes and deletes the home. */
  stop(): Promise<void>;
}

/** Starts the planes in a temporary home. */
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
  const keep = async (response: Response): Promise<TextAnswer> => {
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
