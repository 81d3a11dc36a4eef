import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { withDeadline } from '../../../../common/async/deadline';
import type { Clock } from '../../../../common/runtime/clock';
import { ClairError } from './clair-error';

/** A request to Clair. */
export interface ClairRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the URL of Clair; begins with a slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: string;
  /** For the whole of it, until the last byte of the answer; milliseconds. */
  readonly timeoutMs: number;
  /** Longest answer that is taken, in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What it answered, whole. */
export interface ClairAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * HTTP to the one address that the operator named. Follows no redirect, and has no time-out but its own: indexing is one request that may take
 * minutes until the first byte of its answer. (That is why it is not fetch(), which gives up after five.)
 */
export class ClairHttp {
  private readonly agent: HttpAgent;
  private readonly base: URL;

  /** `url` without a slash at the end. */
  constructor(
    url: string,
    connections: number,
    private readonly clock: Clock,
  ) {
    this.base = new URL(url);
    const options = { keepAlive: true, maxSockets: connections, keepAliveMsecs: 5_000 };
    this.agent = this.base.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Closes idle connections. */
  close(): void {
    this.agent.destroy();
  }

  /** Sends it. Throws a ClairError AWAY, SLOW or INVALID; what `signal` was aborted with where that is the cause. */
  async send(request: ClairRequest): Promise<ClairAnswer> {
    request.signal.throwIfAborted();
    const reason = (): ClairError => new ClairError('SLOW', `Clair took longer than ${request.timeoutMs / 1000} s`);
    return withDeadline({ clock: this.clock, ms: request.timeoutMs, reason }, request.signal, async (signal) => {
      try {
        return await this.exchange(request, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason as Error;
        if (error instanceof ClairError) throw error;
        const { code } = error as NodeJS.ErrnoException;
        throw new ClairError('AWAY', `Clair cannot be reached${code === undefined ? '' : ` (${code})`}`, {
          cause: error,
        });
      }
    });
  }

  private exchange(request: ClairRequest, signal: AbortSignal): Promise<ClairAnswer> {
    const { base, agent } = this;
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    return new Promise((resolve, reject) => {
      const outgoing = send(
        {
          agent,
          signal,
          protocol: base.protocol,
          hostname: base.hostname.replace(/^\[|\]$/g, ''),
          port: base.port === '' ? undefined : base.port,
          path: `${base.pathname === '/' ? '' : base.pathname}${request.path}`,
          method: request.method,
          headers: {
            accept: 'application/json',
            ...request.headers,
            ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
          },
        },
        (incoming) => {
          readWhole(incoming, request.maxBytes).then(
            (read) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: read }),
            reject,
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

function readWhole(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    incoming.on('data', (part: Buffer) => {
      length += part.length;
      if (length > maxBytes)
        incoming.destroy(new ClairError('INVALID', `Clair's answer is longer than ${maxBytes} bytes`));
      else parts.push(part);
    });
    incoming.once('error', reject);
    incoming.once('close', () => reject(new ClairError('AWAY', 'Clair broke off its answer')));
    incoming.once('end', () => {
      // Clair says so at the end when it could not write all of it (httptransport/error.go).
      const trailer = incoming.trailers['clair-error'];
      if (trailer !== undefined && (incoming.statusCode ?? 0) < 400)
        reject(new ClairError('BROKEN', `Clair could not write its answer: ${trailer.slice(0, 500)}`));
      else resolve(Buffer.concat(parts));
    });
  });
}
