import type { IncomingMessage } from 'node:http';

/** A request as the fake registry received it. The last fields change while it is answered. */
export interface LoggedRequest {
  readonly method: string;
  /** Decoded path, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Headers with lower-case names, without Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  /** The scheme of the credentials, if any. */
  readonly authorization: 'none' | 'basic' | 'bearer' | 'other';
  /** The user name in a Basic header. */
  readonly username: string | undefined;
  /** The number of the connection. */
  readonly connection: number;
  /** `GET /v2/x/manifests/y`, for expected lists. */
  readonly line: string;
  status: number | undefined;
  /** Body bytes that were written to the socket. */
  bytesSent: number;
  /** Whether the whole answer was sent as intended. */
  finished: boolean;
  /** Whether either side closed the connection before that. */
  aborted: boolean;
}

/** Requests in order of arrival, with a method to wait for later ones. */
export class RequestLog {
  private entries: LoggedRequest[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly connections = new WeakMap<object, number>();
  private connectionCount = 0;

  get all(): readonly LoggedRequest[] {
    return this.entries;
  }

  /**
   * Returns all requests and empties the log. Running requests still update the returned entries.
   */
  take(): readonly LoggedRequest[] {
    const taken = this.entries;
    this.entries = [];
    return taken;
  }

  open(message: IncomingMessage, url: URL): LoggedRequest {
    const { authorization, ...headers } = message.headers;
    const method = message.method ?? '';
    const path = safeDecode(url.pathname);
    const entry: LoggedRequest = {
      method,
      path,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      authorization: schemeOf(authorization),
      username: usernameOf(authorization),
      connection: this.connectionOf(message.socket),
      line: `${method} ${path}`,
      status: undefined,
      bytesSent: 0,
      finished: false,
      aborted: false,
    };
    this.entries.push(entry);
    this.changed();
    return entry;
  }

  /** Must be called after every change of an entry. */
  changed(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  /**
   * Resolves when the predicate holds for the log, now or after a change; rejects after
   * `timeoutMs`.
   */
  waitFor(predicate: (requests: readonly LoggedRequest[]) => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!predicate(this.entries)) return;
        clearTimeout(timer);
        this.watchers.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.watchers.delete(check);
        const seen = this.entries.map((entry) => `${entry.line} ${entry.status ?? '…'} ${entry.bytesSent}B`);
        reject(new Error(`the fake registry timed out after ${timeoutMs} ms; it received:\n${seen.join('\n')}`));
      }, timeoutMs);
      this.watchers.add(check);
      check();
    });
  }

  private connectionOf(socket: object): number {
    const known = this.connections.get(socket);
    if (known !== undefined) return known;
    this.connections.set(socket, ++this.connectionCount);
    return this.connectionCount;
  }
}

function schemeOf(header: string | undefined): LoggedRequest['authorization'] {
  if (header === undefined) return 'none';
  const scheme = header.split(' ', 1)[0]!.toLowerCase();
  return scheme === 'basic' || scheme === 'bearer' ? scheme : 'other';
}

function usernameOf(header: string | undefined): string | undefined {
  if (schemeOf(header) !== 'basic') return undefined;
  return Buffer.from(header!.slice(6), 'base64').toString().split(':', 1)[0];
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
