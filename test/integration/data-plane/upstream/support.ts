import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { mustDigest } from '../../../../common/oci/digest';
import { parseReference, type Reference } from '../../../../common/oci/reference';
import { systemClock } from '../../../../common/runtime/clock';
import type { LayoverError } from '../../../../common/errors/layover-error';
import { createUpstreamRegistry } from '../../../../data-plane/src/upstream/client/create-upstream-registry';
import type { UpstreamOptions } from '../../../../data-plane/src/upstream/options';
import type {
  UpstreamBlobStream,
  UpstreamOrigin,
  UpstreamRegistry,
  UpstreamRepository,
} from '../../../../data-plane/src/upstream/upstream-registry';
import type { FakeRegistry } from '../../../support/fake-registry';

/** Collects everything that a test starts, and closes it in reverse order. */
export class Closers {
  private readonly closers: (() => Promise<void> | void)[] = [];

  add<T extends { close(): Promise<void> }>(thing: T): T {
    this.closers.push(() => thing.close());
    return thing;
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }
}

/** Starts a plain TCP server on a free port, for upstreams that are not registries. */
export async function startSocketServer(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A request to a scripted server. */
export interface ScriptedRequest {
  /** `GET /v2/app/manifests/v1?n=1` */
  readonly line: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** The answer of a scripted server; undefined = it closes the connection. */
export type ScriptedAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly body?: string | Buffer;
    }
  | undefined;

/** A server whose answers are a function of the test. */
export interface ScriptedServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly requests: readonly ScriptedRequest[];
  /** Returns the lines of the requests since the last call. */
  take(): readonly string[];
  close(): Promise<void>;
}

/** Starts a server on a free port that answers every request with the result of `answer`. */
export async function startScriptedServer(
  answer: (request: ScriptedRequest) => ScriptedAnswer,
): Promise<ScriptedServer> {
  let requests: ScriptedRequest[] = [];
  const server = createHttpServer((message, response) => {
    message.resume();
    const request = {
      line: `${message.method} ${message.url}`,
      url: new URL(message.url!, 'http://server.test'),
      headers: message.headers,
    };
    requests.push(request);
    const given = answer(request);
    if (given === undefined) return void message.socket.destroy();
    const body = Buffer.from(given.body ?? '');
    for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value);
    response.statusCode = given.status;
    response.setHeader('content-length', body.length);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    get requests() {
      return requests;
    },
    take() {
      const lines = requests.map(({ line }) => line);
      requests = [];
      return lines;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Creates a client that may connect to loopback, with short timeouts. */
export function client(options: Partial<UpstreamOptions> = {}): UpstreamRegistry {
  return createUpstreamRegistry({
    allowedNetworks: ['127.0.0.0/8'],
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    ...options,
  });
}

/** Resolves all names to this machine. */
export const loopbackResolver = (): Promise<readonly { address: string; family: number }[]> =>
  Promise.resolve([{ address: '127.0.0.1', family: 4 }]);

export function originOf(registry: { readonly host: string }, overrides: Partial<UpstreamOrigin> = {}): UpstreamOrigin {
  return {
    organizationUid: 'org-1',
    host: registry.host,
    credentials: undefined,
    credentialVersion: '1',
    insecure: true,
    caCertificate: undefined,
    ...overrides,
  };
}

export function repositoryAt(
  registry: Pick<FakeRegistry, 'host'>,
  name: string,
  overrides: Partial<UpstreamOrigin> = {},
): UpstreamRepository {
  return { origin: originOf(registry, overrides), name };
}

export function ref(text: string): Reference {
  return parseReference(text)!;
}

/** A digest of content that does not exist. */
export const ABSENT = mustDigest(`sha256:${'0'.repeat(64)}`);

/** Returns the LayoverError with which a promise rejects. */
export async function failureOf(promise: Promise<unknown>): Promise<LayoverError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome === undefined) throw new Error('it succeeded');
  expect(outcome).toMatchObject({ name: 'LayoverError' });
  return outcome as LayoverError;
}

export async function bytesOf(blob: UpstreamBlobStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of blob.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Returns the `GET /v2/…` lines since the last call. */
export function traffic(registry: FakeRegistry): readonly string[] {
  return registry.takeRequests().map((entry) => entry.line);
}
