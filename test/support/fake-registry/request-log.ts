import type { IncomingMessage } from 'node:http';

/** One request as the fake registry saw it; the last fields change while it is answered. */
export interface LoggedRequest {
  readonly method: string;
  /** Decoded path, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names; Authorization is not among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether, and in which scheme, credentials came along. */
  readonly authorization: 'none' | 'basic' | 'bearer' | 'other';
  /** User name of a Basic header. */
  readonly username: string | undefined;
  /** The same number = the same connection. */
  readonly connection: number;
  /** `GET /v2/x/manifests/y`, for golden lists. */
  readonly line: string;
  status: number | undefined;
  /** Body bytes handed to the socket. */
  bytesSent: number;
  /** The whole answer is out, as it was meant to be. */
  finished: boolean;
  /** The connection went away before that, whoever cut it. */
  aborted: boolean;
}

/** Requests in order of arrival, with a way to await what will come. */
export class RequestLog {
  private entries: LoggedRequest[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly connections = new WeakMap<object, number>();
  private connectionCount = 0;

  get all(): readonly LoggedRequest[] {
    return this.entries;
  }

  /** All requests so far; the log is empty afterwards (requests under way go on writing into the entries returned). */
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

  /** To be called whenever an entry has changed. */
  changed(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Resolves when the predicate holds of the log (at once, or after some change of it); rejects after `timeoutMs`. */
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
        reject(new Error(`the fake registry waited ${timeoutMs} ms in vain; it saw:\n${seen.join('\n')}`));
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
