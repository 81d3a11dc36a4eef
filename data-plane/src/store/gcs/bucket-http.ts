import { Readable } from 'node:stream';
import { Agent, buildConnector, type Dispatcher, request as undiciRequest } from 'undici';
import { abortReason, untilAborted } from '../../../../common/async/until-aborted';
import type { BucketAuthorization } from './authorization';
import { BucketError, invalidAnswer } from './bucket-error';
import type { GcsLimits } from './limits';

/** One HTTP request. */
export interface BucketRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | AsyncIterable<Buffer>;
  /**
   * Uploads, downloads and small requests have separate connections, so none of them waits for
   * another kind.
   */
  readonly lane: 'small' | 'download' | 'upload';
  /** Sends no credentials. The URL of an upload session is sufficient to use the session. */
  readonly anonymous?: boolean;
  readonly signal: AbortSignal;
}

/** The response, whatever its status. The caller reads or discards the body. */
export interface BucketAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** Sends requests, without retries. Throws a BucketError, or the reason of the signal. */
export interface BucketHttp {
  send(request: BucketRequest): Promise<BucketAnswer>;
  /** Cuts all connections. */
  close(): Promise<void>;
}

const CONNECTIONS = { small: 64, download: 256, upload: 64 } as const;
/**
 * Number of bytes that a download is read ahead of its reader; also the size of the chunks for a
 * busy reader.
 */
const READ_AHEAD = 512 * 1024;
const DISCARD_BYTES = 64 * 1024;

/**
 * Creates the HTTP client. It uses undici's `request`, because Google's library hangs on cut
 * downloads, and one aborted download cuts the others (docs/design/errors.md#bucket-client).
 */
export function createBucketHttp(limits: GcsLimits, authorization: BucketAuthorization): BucketHttp {
  const agent = (connections: number): Agent =>
    new Agent({
      connections,
      pipelining: 1,
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.idleMs,
      connect: buildConnector({ timeout: limits.connectMs, keepAlive: true }),
    });
  const lanes = {
    small: agent(CONNECTIONS.small),
    download: agent(CONNECTIONS.download),
    upload: agent(CONNECTIONS.upload),
  };
  return {
    async send({ method, url, headers, body, lane, anonymous, signal }) {
      const allowed = anonymous === true ? {} : await untilAborted(authorization(), signal);
      try {
        const answer = await undiciRequest(url, {
          dispatcher: lanes[lane],
          method,
          headers: { 'user-agent': 'layover', 'accept-encoding': 'identity', ...allowed, ...headers },
          // Reads one piece ahead, so an upload holds no more than that in memory.
          body: body === undefined || Buffer.isBuffer(body) ? body : Readable.from(body, { highWaterMark: 1 }),
          signal,
          highWaterMark: READ_AHEAD,
        });
        // Without a listener, an error of a destroyed body would crash the process.
        answer.body.on('error', () => undefined);
        return { status: answer.statusCode, headers: answer.headers, body: answer.body };
      } catch (error) {
        throw bucketTransportError(error, signal);
      }
    },
    async close() {
      await Promise.all(Object.values(lanes).map((one) => one.destroy()));
    },
  };
}

/** Converts a failure of undici or its sockets to a transient BucketError. */
export function bucketTransportError(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return abortReason(signal);
  if (thrown instanceof BucketError) return thrown;
  const code = (thrown as { code?: unknown } | null)?.code;
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return new BucketError('is not available because Layover is shutting down', false, thrown);
  }
  // The error is from reading the local file of the body and needs no conversion.
  if (typeof code === 'string' && /^(?:ENOENT|EIO|EBADF|EACCES|EMFILE)$/.test(code)) return thrown;
  if ((thrown as { name?: unknown } | null)?.name === 'LayoverError') return thrown;
  return new BucketError(typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached', true, thrown);
}

/** Discards a body. The connection can be reused if little of the body is left. Never throws. */
export async function discard(answer: BucketAnswer): Promise<void> {
  await answer.body.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(1000) }).catch(() => undefined);
}

/** Reads a whole body of at most `maxBytes`. Throws a BucketError, or the reason of the signal. */
export async function readBucketBody(answer: BucketAnswer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw invalidAnswer(`more than ${maxBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw bucketTransportError(error, signal);
  } finally {
    answer.body.destroy();
  }
  return Buffer.concat(chunks, size);
}

/** Returns the first value of a header, or '' if it is missing. */
export function header(answer: BucketAnswer, name: string): string {
  const value = answer.headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}
