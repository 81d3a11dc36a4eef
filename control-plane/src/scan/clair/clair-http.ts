import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { withDeadline } from '../../../../common/async/deadline';
import type { Clock } from '../../../../common/runtime/clock';
import { ClairError } from './clair-error';
import { withoutLayerAddress } from './report-text';

/** A request to Clair. */
export interface ClairRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The path below the URL of Clair, with a leading slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: string;
  /** Time limit until the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Maximum size of the answer, in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** A complete answer of Clair. */
export interface ClairAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * An HTTP client for the configured address. Follows no redirects and has only its own time limit:
 * indexing is one request whose answer may begin after minutes, and fetch() gives up after five.
 */
export class ClairHttp {
  private readonly agent: HttpAgent;
  private readonly base: URL;

  /** `url` must not end with a slash. */
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

  /**
   * Sends a request. Throws a ClairError AWAY, SLOW or INVALID, or the reason of `signal` if it
   * aborts.
   */
  async send(request: ClairRequest): Promise<ClairAnswer> {
    request.signal.throwIfAborted();
    const reason = (): ClairError =>
      new ClairError('SLOW', `Clair did not answer within ${request.timeoutMs / 1000} s.`);
    return withDeadline({ clock: this.clock, ms: request.timeoutMs, reason }, request.signal, async (signal) => {
      try {
        return await this.exchange(request, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason as Error;
        if (error instanceof ClairError) throw error;
        const { code } = error as NodeJS.ErrnoException;
        throw new ClairError('AWAY', `Clair is unreachable${code === undefined ? '' : ` (${code})`}.`, {
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
        incoming.destroy(new ClairError('INVALID', `The answer of Clair is larger than ${maxBytes} bytes.`));
      else parts.push(part);
    });
    incoming.once('error', reject);
    incoming.once('close', () =>
      reject(new ClairError('AWAY', 'Clair closed the connection before its answer was complete.')),
    );
    incoming.once('end', () => {
      // Clair sends this trailer if it could not write the whole answer (httptransport/error.go).
      const trailer = incoming.trailers['clair-error'];
      if (trailer !== undefined && (incoming.statusCode ?? 0) < 400)
        reject(
          new ClairError('BROKEN', `Clair could not write its answer: ${withoutLayerAddress(trailer).slice(0, 500)}`),
        );
      else resolve(Buffer.concat(parts));
    });
  });
}
