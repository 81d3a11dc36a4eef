import { createGunzip, type Gunzip } from 'node:zlib';
import { pipeline, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { LayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from './error-code';
import type { ResponseHeaders } from './response-headers';
import { type RequestPlace, transportError } from './transport-error';

/**
 * How many bytes of an unwanted body are read to keep its connection. Longer bodies close the
 * connection.
 */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 1000;
/**
 * Number of chunks of a body in memory that are joined. An upstream could otherwise send single
 * bytes, and each of them would cost a buffer until the end of the body.
 */
const JOINED_CHUNKS = 1024;

/**
 * The body of a response. Callers call exactly one of its methods, once; each releases the
 * connection, however it ends.
 */
export class ResponseBody {
  constructor(
    private readonly source: Dispatcher.ResponseData['body'],
    private readonly headers: ResponseHeaders,
    private readonly place: RequestPlace,
  ) {
    // A destroyed body without an error listener would end the process.
    source.on('error', () => undefined);
  }

  /**
   * Reads and drops the rest, so that the connection can be used again; closes the connection if
   * the rest is long or slow. Never throws.
   */
  async discard(): Promise<void> {
    await this.source.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(DISCARD_MS) }).catch(() => undefined);
  }

  /** Closes the connection unless the body is complete. */
  cancel(): void {
    this.source.destroy();
  }

  /**
   * Reads the whole body into memory, decoded. Throws UPSTREAM_CONTENT above `maxBytes` (before
   * reading if Content-Length exceeds it; decoded bytes count), UPSTREAM_FAILED if the connection
   * is cut, and UPSTREAM_TIMEOUT if it stalls. `what` names the body in messages.
   */
  async read(maxBytes: number, what: string): Promise<Buffer> {
    const tooLarge = (): LayoverError =>
      new LayoverError('UPSTREAM_CONTENT', {
        message: `${what} from ${this.place.name} is larger than ${maxBytes} bytes, the limit of Layover`,
      });
    if ((this.headers.contentLength ?? 0) > maxBytes) {
      this.cancel();
      throw tooLarge();
    }
    const joined: Buffer[] = [];
    let chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.stream()) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
      if (chunks.length < JOINED_CHUNKS) continue;
      joined.push(Buffer.concat(chunks));
      chunks = [];
    }
    const parts = [...joined, ...chunks];
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
  }

  /**
   * Yields the bytes as they arrive. Decodes gzip that the upstream used without being asked; other
   * encodings are refused (docs/design/access.md#http-client). Throws UPSTREAM_FAILED if the
   * connection is cut, UPSTREAM_TIMEOUT if the upstream (not the reader) stalls, and CANCELLED if
   * the signal aborts.
   */
  async *stream(): AsyncGenerator<Buffer, void, undefined> {
    const source = this.decoded();
    try {
      for await (const chunk of source) yield chunk as Buffer;
    } catch (error) {
      throw this.failure(error);
    } finally {
      source.destroy();
      this.source.destroy();
    }
  }

  private decoded(): Readable {
    const encoding = this.headers.contentEncoding;
    if (encoding === undefined) return this.source;
    if (encoding !== 'gzip' && encoding !== 'x-gzip') {
      this.cancel();
      throw new LayoverError('UPSTREAM_CONTENT', {
        message: `${this.place.name} sent content in the encoding ${printable(encoding)}, which Layover did not request`,
      });
    }
    const gunzip: Gunzip = createGunzip({ chunkSize: 64 * 1024 });
    // Errors reach the reader through `gunzip`; the callback only keeps them from being unhandled.
    pipeline(this.source, gunzip, () => undefined);
    return gunzip;
  }

  private failure(error: unknown): LayoverError {
    const code = errorCode(error);
    if (code === 'Z_BUF_ERROR') {
      return new LayoverError('UPSTREAM_FAILED', {
        message: `${this.place.name} sent a truncated gzip stream`,
        cause: error,
      });
    }
    if (code.startsWith('Z_')) {
      return new LayoverError('UPSTREAM_CONTENT', {
        message: `${this.place.name} sent content that is labelled as gzip but is not gzip`,
        cause: error,
      });
    }
    return transportError(error, this.place);
  }
}

function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, 40);
}
