import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Socket } from 'node:net';
import { type AuthOptions, FakeAuth } from './auth';
import { RegistryContent } from './content';
import type { Exchange, Route } from './exchange';
import { type ActiveQuirk, type Quirk, Quirks } from './quirks';
import { type LoggedRequest, RequestLog } from './request-log';
import { respond } from './respond';

/** Largest headers of a request, in bytes. Signed URLs can be larger than Node's default. */
const MAX_HEADERS = 128 * 1024;

/** The options of a fake registry. */
export interface FakeRegistryOptions {
  /** Content to share with another server. Default: its own, empty. */
  readonly content?: RegistryContent;
  /**
   * The authentication, or that of another server, for which this one then issues tokens. Default:
   * none.
   */
  readonly auth?: AuthOptions | FakeAuth;
  /** PEM; makes it an HTTPS server (see certificates.ts). */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The address to listen on. Default 127.0.0.1. */
  readonly address?: string;
  /** The port. Default: any free one. A restarted upstream reuses its port. */
  readonly port?: number;
  /**
   * Rate-limit headers of every answer, like Docker Hub's `100;w=21600`. May be changed while the
   * server runs.
   */
  readonly rateLimit?: { limit: string; remaining: string };
  /** A log to share with other servers, so that it has the order of all their requests. */
  readonly log?: RequestLog;
  /** Answers all requests that no quirk answers. Default: the fake registry itself. */
  readonly route?: Route;
}

/** A registry on a real server that logs its requests and can misbehave. */
export interface FakeRegistry {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** `127.0.0.1:port`, in the form of an upstream's host. */
  readonly host: string;
  readonly port: number;
  readonly content: RegistryContent;
  readonly auth: FakeAuth;
  /** Requests since the start or the last takeRequests(). */
  readonly requests: readonly LoggedRequest[];
  /** Number of open connections. */
  readonly openConnections: number;
  takeRequests(): readonly LoggedRequest[];
  /**
   * Resolves when the predicate holds for `requests`. Rejects with the requests after `timeoutMs`
   * (default 5000).
   */
  waitFor(predicate: (requests: readonly LoggedRequest[]) => boolean, timeoutMs?: number): Promise<void>;
  quirk(quirk: Quirk): ActiveQuirk;
  clearQuirks(): void;
  /**
   * Returns the body bytes that were sent for paths that contain `part` (a digest), since the last
   * takeRequests().
   */
  bytesSent(part: string): number;
  rateLimit: { limit: string; remaining: string } | undefined;
  /** Closes all connections and frees the port. */
  close(): Promise<void>;
}

/** Starts a fake registry on a free port. The caller must close it. */
export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const content = options.content ?? new RegistryContent();
  const auth = options.auth instanceof FakeAuth ? options.auth : new FakeAuth(options.auth ?? { kind: 'none' });
  const quirks = new Quirks();
  const log = options.log ?? new RequestLog();
  const sockets = new Set<Socket>();
  const listener: RequestListener = (message, response) => {
    const url = new URL(message.url ?? '/', registry.url);
    const entry = log.open(message, url);
    const changed = (): void => log.changed();
    response.on('close', () => {
      entry.aborted = !entry.finished && !response.writableFinished;
      changed();
    });
    message.resume();
    if (registry.rateLimit !== undefined) {
      response.setHeader('ratelimit-limit', registry.rateLimit.limit);
      response.setHeader('ratelimit-remaining', registry.rateLimit.remaining);
    }
    const quirk = quirks.take(entry);
    const { route } = options;
    const { url: ownUrl } = registry;
    const exchange: Exchange = { message, response, url, entry, quirk, content, auth, ownUrl, changed, route };
    respond(exchange).catch((error: unknown) => response.destroy(error as Error));
  };
  const server: Server =
    options.tls === undefined
      ? createHttpServer({ maxHeaderSize: MAX_HEADERS }, listener)
      : createHttpsServer({ ...options.tls, maxHeaderSize: MAX_HEADERS }, listener);
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      log.changed();
    });
  });
  const address = options.address ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const registry: FakeRegistry = {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}`,
    host,
    port,
    content,
    auth,
    get requests() {
      return log.all;
    },
    get openConnections() {
      return sockets.size;
    },
    takeRequests: () => log.take(),
    waitFor: (predicate, timeoutMs = 5000) => log.waitFor(predicate, timeoutMs),
    quirk: (quirk) => quirks.add(quirk),
    clearQuirks: () => quirks.clear(),
    bytesSent: (part) =>
      log.all.filter((entry) => entry.path.includes(part)).reduce((total, entry) => total + entry.bytesSent, 0),
    rateLimit: options.rateLimit,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return registry;
}
