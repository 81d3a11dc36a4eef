import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { jwtVerify } from 'jose';
import { type ClairFault, ClairFaults, type ClairRoute } from './faults';
import { type FakeVulnerability, toReport } from './report';

/** A received request. */
export interface ClairCall {
  readonly route: ClairRoute | 'other';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The manifest of an index request. */
  readonly digest: string | undefined;
  readonly layers: readonly SentLayer[];
  status: number;
}

/** A layer as sent to Clair. */
export interface SentLayer {
  readonly hash: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

interface IndexReport {
  readonly manifest_hash: string;
  readonly state: string;
  readonly success: boolean;
  readonly err: string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly call: ClairCall;
  readonly body: string;
  readonly query: URLSearchParams;
}

/**
 * A fake of the parts of Clair v4 that Layover uses, over HTTP. It fetches layers and checks their
 * digests. Like the real Clair, it keeps failed reports until they are deleted (claircore#1748),
 * and answers a failed fetch with 201 (clair#1057).
 */
export class FakeClair {
  readonly calls: ClairCall[] = [];
  readonly faults = new ClairFaults();
  /** The index_state. */
  state = 'state-1';
  /** Whether the matcher has a database; otherwise it answers 202. */
  isReady = true;
  /**
   * The answer if a layer could not be fetched: 201 with a failed report, as older versions, or
   * 500, as 4.9.
   */
  onFailedFetch: 201 | 500 = 201;
  /** The required key; undefined for none. */
  psk: Uint8Array | undefined;
  issuers: readonly string[] = ['layover'];
  /** The vulnerabilities of each image, by digest. */
  readonly found = new Map<string, readonly FakeVulnerability[]>();
  /** The index reports, by digest. */
  readonly reports = new Map<string, IndexReport>();
  /** Notifications by id: pages of manifests. */
  readonly notifications = new Map<string, readonly (readonly string[])[]>();
  /** Number of running index requests, and its maximum. */
  indexing = 0;
  mostIndexing = 0;
  /** Images whose indexing has begun. */
  private readonly begun = new Set<string>();
  private gate: Promise<void> = Promise.resolve();
  private readonly arrivals: (() => void)[] = [];
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private port = 0;

  static async start(): Promise<FakeClair> {
    const clair = new FakeClair();
    await clair.comeBack();
    return clair;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Stops listening and closes all connections. */
  async goAway(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Listens again on the same port, with the same data. */
  async comeBack(): Promise<void> {
    const server = createServer((request, response) => {
      void this.serve(request, response).catch(() => response.destroy());
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Stops the fake. */
  stop(): Promise<void> {
    return this.goAway();
  }

  /** Makes index requests wait from now on. Returns a function that releases them. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** Resolves when the next index request arrives. */
  nextIndexRequest(): Promise<void> {
    return new Promise((resolve) => this.arrivals.push(resolve));
  }

  /** Returns the requests of a route, in order. */
  of(route: ClairRoute): readonly ClairCall[] {
    return this.calls.filter((call) => call.route === route);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', search = ''] = (request.url ?? '').split('?', 2);
    const body = await readText(request);
    const route = routeOf(request.method ?? '', path);
    const sent = route === 'index' ? (JSON.parse(body) as { hash: string; layers: SentLayer[] }) : undefined;
    const call: ClairCall = {
      route,
      method: request.method ?? '',
      path,
      headers: request.headers as Record<string, string | undefined>,
      digest: sent?.hash ?? /sha256:[0-9a-f]{64}$/.exec(path)?.[0],
      layers: sent?.layers ?? [],
      status: 0,
    };
    this.calls.push(call);
    const exchange: Exchange = { request, response, call, body, query: new URLSearchParams(search) };
    if (!(await this.lets(request))) return answer(exchange, 401);
    const fault = route === 'other' ? undefined : this.faults.take(route);
    if (fault !== undefined) return misbehave(exchange, fault);
    switch (route) {
      case 'index':
        return this.index(exchange);
      case 'index-report':
        return this.indexReport(exchange);
      case 'forget':
        this.reports.delete(call.digest ?? '');
        return answer(exchange, 204);
      case 'state':
        return this.indexState(exchange);
      case 'report':
        return this.report(exchange);
      case 'notification':
        return this.notification(exchange);
      case 'forget-notification':
        this.notifications.delete(path.split('/').at(-1)!);
        return answer(exchange, 200);
      case 'other':
        return answer(exchange, 404, { code: 'not-found', message: 'no such path' });
    }
  }

  private async lets(request: IncomingMessage): Promise<boolean> {
    if (this.psk === undefined) return true;
    try {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      await jwtVerify(token, this.psk, { issuer: [...this.issuers], algorithms: ['HS256'], currentDate: this.now() });
      return true;
    } catch {
      return false;
    }
  }

  /** The time at which tokens are checked. */
  now: () => Date = () => new Date();

  private async index(exchange: Exchange): Promise<void> {
    const { call, request } = exchange;
    this.indexing += 1;
    this.mostIndexing = Math.max(this.mostIndexing, this.indexing);
    try {
      for (const arrived of this.arrivals.splice(0)) arrived();
      const etag = `"${this.state}"`;
      if (request.headers['if-none-match'] === etag) return answer(exchange, 412);
      this.begun.add(call.digest!);
      await this.gate;
      let report = this.reports.get(call.digest!);
      if (report === undefined || (report.success && report.state !== `IndexFinished@${this.state}`)) {
        const err = await fetchLayers(call.layers);
        report = {
          manifest_hash: call.digest!,
          state: err === undefined ? `IndexFinished@${this.state}` : 'IndexError',
          success: err === undefined,
          err: err ?? '',
        };
        this.reports.set(call.digest!, report);
      }
      if (!report.success && this.onFailedFetch === 500) {
        const message = `failed to start scan: ${report.err}`;
        return answer(exchange, 500, { code: 'internal-error', message });
      }
      return answer(exchange, 201, { ...report, state: report.state.split('@')[0], packages: {} }, { etag });
    } finally {
      this.indexing -= 1;
    }
  }

  /** Returns a stored report, also of an indexing that runs. */
  private indexReport(exchange: Exchange): void {
    const digest = exchange.call.digest!;
    const report = this.reports.get(digest);
    if (report === undefined && !this.begun.has(digest))
      return answer(exchange, 404, { code: 'not-found', message: `index report for manifest "${digest}" not found` });
    const running = { manifest_hash: digest, state: 'ScanLayers', success: false, err: '' };
    const { state, ...rest } = report ?? running;
    answer(exchange, 200, { ...rest, state: state.split('@')[0] }, { etag: `"${this.state}"` });
  }

  private indexState(exchange: Exchange): void {
    const etag = `"${this.state}"`;
    if (exchange.request.headers['if-none-match'] === etag) return answer(exchange, 304, undefined, { etag });
    answer(exchange, 200, { state: this.state }, { etag });
  }

  private report(exchange: Exchange): void {
    if (!this.isReady) return answer(exchange, 202);
    const digest = exchange.call.digest!;
    if (this.reports.get(digest)?.success !== true)
      return answer(exchange, 404, { code: 'not-found', message: `index report for manifest "${digest}" not found` });
    // The real Clair sends the wrong media type too.
    answer(exchange, 200, toReport(digest, this.found.get(digest) ?? []), {
      'content-type': 'application/vnd.clair.index_report.v1+json',
    });
  }

  private notification(exchange: Exchange): void {
    const pages = this.notifications.get(exchange.call.path.split('/').at(-1)!);
    if (pages === undefined) return answer(exchange, 200, { page: { size: 500 }, notifications: [] });
    const at = Number(/(\d+)$/.exec(exchange.query.get('next') ?? '')?.[1] ?? 0);
    const next = at + 1 < pages.length ? `00000000-0000-4000-8000-${String(at + 1).padStart(12, '0')}` : undefined;
    answer(exchange, 200, {
      page: { size: 500, ...(next === undefined ? {} : { next }) },
      notifications: (pages[at] ?? []).map((manifest) => ({ id: 'x', manifest, reason: 'added', vulnerability: {} })),
    });
  }
}

function routeOf(method: string, path: string): ClairCall['route'] {
  const at = `${method} ${path}`;
  if (at === 'POST /indexer/api/v1/index_report') return 'index';
  if (/^GET \/indexer\/api\/v1\/index_report\/sha256:[0-9a-f]{64}$/.test(at)) return 'index-report';
  if (/^DELETE \/indexer\/api\/v1\/index_report\/sha256:[0-9a-f]{64}$/.test(at)) return 'forget';
  if (at === 'GET /indexer/api/v1/index_state') return 'state';
  if (/^GET \/matcher\/api\/v1\/vulnerability_report\/sha256:[0-9a-f]{64}$/.test(at)) return 'report';
  if (/^GET \/notifier\/api\/v1\/notification\/[0-9a-f-]{36}$/.test(at)) return 'notification';
  if (/^DELETE \/notifier\/api\/v1\/notification\/[0-9a-f-]{36}$/.test(at)) return 'forget-notification';
  return 'other';
}

/**
 * Returns why a layer cannot be fetched, in the words of Clair's fetcher, or undefined if all can.
 */
async function fetchLayers(layers: readonly SentLayer[]): Promise<string | undefined> {
  for (const { hash, uri, headers } of layers) {
    const response = await fetch(uri, {
      headers: Object.entries(headers).map(([name, values]) => [name, values.join(', ')]),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200)
      return `failed to fetch layers: fetcher: unexpected status code: ${response.status} (body starts: ${bytes.toString('utf8', 0, 50)})`;
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== hash)
      return 'failed to fetch layers: fetcher: validation failed';
  }
  return undefined;
}

function misbehave(exchange: Exchange, fault: ClairFault): void {
  if (fault === 'DROP') {
    exchange.request.socket.destroy();
    return;
  }
  exchange.call.status = fault.status;
  exchange.response.writeHead(fault.status, fault.headers);
  exchange.response.end(fault.body);
}

function answer(
  { call, response }: Exchange,
  status: number,
  body?: object,
  headers: Record<string, string> = {},
): void {
  call.status = status;
  response.writeHead(status, { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
