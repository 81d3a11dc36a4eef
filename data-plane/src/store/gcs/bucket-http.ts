import { Readable } from 'node:stream';
import { Agent, buildConnector, type Dispatcher, request as undiciRequest } from 'undici';
import { abortReason, untilAborted } from '../../../../common/async/until-aborted';
import type { Authorization } from './authorization';
import { BucketError, strangeAnswer } from './bucket-error';
import type { GcsLimits } from './limits';

/** One HTTP request. */
export interface BucketRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | AsyncIterable<Buffer>;
  /** Uploads and downloads have connections of their own: neither waits for the other, nor does a small request for either. */
  readonly lane: 'small' | 'download' | 'upload';
  /** The URL of an upload session opens the session by itself; credentials are not sent along. */
  readonly anonymous?: boolean;
  readonly signal: AbortSignal;
}

/** Its answer, whatever the status. Whoever holds it reads or discards the body. */
export interface BucketAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** Sends one request, once. Throws a BucketError, or the signal's reason. */
export interface BucketHttp {
  send(request: BucketRequest): Promise<BucketAnswer>;
  /** Cuts everything. */
  close(): Promise<void>;
}

const CONNECTIONS = { small: 64, download: 256, upload: 64 } as const;
/** How far a download is read ahead of its reader, in bytes; also the size of the chunks that a busy reader gets. */
const READ_AHEAD = 512 * 1024;
const DISCARD_BYTES = 64 * 1024;

/**
 * undici's `request`, because Google's library hangs on cut downloads and one aborted download cuts
 * the others (docs/design/errors.md#bucket-client).
 */
export function createBucketHttp(limits: GcsLimits, authorization: Authorization): BucketHttp {
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
          // One piece ahead: an upload holds no more than that in memory.
          body: body === undefined || Buffer.isBuffer(body) ? body : Readable.from(body, { highWaterMark: 1 }),
          signal,
          highWaterMark: READ_AHEAD,
        });
        // A body that is destroyed with nobody listening would take the process down.
        answer.body.on('error', () => undefined);
        return { status: answer.statusCode, headers: answer.headers, body: answer.body };
      } catch (error) {
        throw transportError(error, signal);
      }
    },
    async close() {
      await Promise.all(Object.values(lanes).map((one) => one.destroy()));
    },
  };
}

/** A failure of undici or the sockets below it: always one that another try may not meet. */
export function transportError(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return abortReason(signal);
  if (thrown instanceof BucketError) return thrown;
  const code = (thrown as { code?: unknown } | null)?.code;
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return new BucketError('is not asked any more: Layover is shutting down', false, thrown);
  }
  // Reading our own file for the body: says what it is by itself.
  if (typeof code === 'string' && /^(?:ENOENT|EIO|EBADF|EACCES|EMFILE)$/.test(code)) return thrown;
  if ((thrown as { name?: unknown } | null)?.name === 'LayoverError') return thrown;
  return new BucketError(typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached', true, thrown);
}

/** Lets go of a body that nobody wants; its connection can be used again where little of it is left. Never throws. */
export async function discard(answer: BucketAnswer): Promise<void> {
  await answer.body.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(1000) }).catch(() => undefined);
}

/** A whole body of at most `maxBytes`. Throws a BucketError, or the signal's reason. */
export async function readBody(answer: BucketAnswer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw strangeAnswer(`more than ${maxBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw transportError(error, signal);
  } finally {
    answer.body.destroy();
  }
  return Buffer.concat(chunks, size);
}

/** The first value of a header; '' = it is not there. */
export function header(answer: BucketAnswer, name: string): string {
  const value = answer.headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}
