import { pipeline, Readable, type Transform } from 'node:stream';
import type { Dispatcher } from 'undici';
import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { decodeWhole, decodingStreams, mayBeEncoded } from './content-encoding';
import { errorCode } from './error-code';
import { chunksOf } from './chunks-of';
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
 * How many bytes an encoded body may have besides those that it decodes to. Bytes that cannot be
 * compressed grow a little, and the decoder reads a few chunks ahead. An encoding may also decode
 * to nothing for ever (empty members, RFC 1952 section 2.2), and no limit of decoded bytes ends
 * that.
 */
const UNDECODED_BYTES = 16 * 1024 * 1024;

/**
 * The body of a response. Callers call exactly one of its methods, once; each releases the
 * connection, however it ends. Only `peek` may be called before another one.
 */
export class ResponseBody {
  /** The whole body after a peek. */
  private begun: AsyncGenerator<Buffer, void, undefined> | undefined;

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
   * Reads the whole body into memory. Decodes it if it is encoded as its label says, otherwise
   * returns it as it is (docs/design/access.md#http-client). Throws UPSTREAM_CONTENT above
   * `maxBytes` (before reading if Content-Length exceeds it; decoded bytes count), UPSTREAM_FAILED
   * if the connection is cut, and UPSTREAM_TIMEOUT if it stalls. `what` names the body in messages.
   */
  async read(maxBytes: number, what: string): Promise<Buffer> {
    const content = await this.readRaw(maxBytes, what);
    const { codings } = this.headers;
    if (codings.length === 0) return content;
    try {
      return await decodeWhole(content, codings, maxBytes);
    } catch (error) {
      if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw this.tooLarge(maxBytes, what);
      return content;
    }
  }

  /** Reads the whole body into memory as it is sent; otherwise like {@link read}. */
  async readRaw(maxBytes: number, what: string): Promise<Buffer> {
    if ((this.headers.contentLength ?? 0) > maxBytes) {
      this.cancel();
      throw this.tooLarge(maxBytes, what);
    }
    const joined: Buffer[] = [];
    let chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.raw()) {
      size += chunk.length;
      if (size > maxBytes) throw this.tooLarge(maxBytes, what);
      chunks.push(chunk);
      if (chunks.length < JOINED_CHUNKS) continue;
      joined.push(Buffer.concat(chunks));
      chunks = [];
    }
    const parts = [...joined, ...chunks];
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
  }

  /**
   * Returns the first bytes as they are sent, which stay in the body; none if it is empty. Throws
   * like {@link raw}.
   */
  async peek(): Promise<Buffer> {
    const chunks = this.raw();
    const first = await chunks.next();
    if (first.done === true) return Buffer.alloc(0);
    this.begun = concatenated(first.value, chunks);
    return first.value;
  }

  /**
   * Yields the bytes as they arrive, without decoding them. Throws UPSTREAM_FAILED if the
   * connection is cut, UPSTREAM_TIMEOUT if the upstream (not the reader) stalls, and CANCELLED if
   * the signal aborts.
   */
  async *raw(): AsyncGenerator<Buffer, void, undefined> {
    const { begun } = this;
    this.begun = undefined;
    if (begun !== undefined) return yield* begun;
    try {
      yield* chunksOf(this.source);
    } catch (error) {
      throw transportError(error, this.place);
    } finally {
      this.source.destroy();
    }
  }

  /**
   * Yields the bytes as they arrive, decoded if they are encoded as their label says. Throws like
   * {@link raw}, and UPSTREAM_CONTENT if they cannot be decoded, or go on without decoding to
   * anything.
   */
  async *stream(): AsyncGenerator<Buffer, void, undefined> {
    const { codings } = this.headers;
    const raw = this.raw();
    if (codings.length === 0) return yield* raw;
    const first = await raw.next();
    if (first.done === true) return;
    const whole = concatenated(first.value, raw);
    if (!mayBeEncoded(first.value, codings)) {
      try {
        return yield* whole;
      } finally {
        this.source.destroy();
      }
    }
    let decodedBytes = 0;
    const bounded = this.boundedBy(whole, () => 2 * decodedBytes + UNDECODED_BYTES);
    const [last, ...before] = [...decodingStreams(codings)].reverse() as [Transform, ...Transform[]];
    // Errors reach the reader through the last stream; the callback only keeps them from being
    // unhandled.
    pipeline([Readable.from(bounded, { objectMode: false }), ...before.reverse(), last], () => undefined);
    try {
      for await (const chunk of last) {
        decodedBytes += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch (error) {
      throw this.failure(error);
    } finally {
      last.destroy();
      this.source.destroy();
    }
  }

  private async *boundedBy(
    chunks: AsyncIterable<Buffer>,
    maxBytes: () => number,
  ): AsyncGenerator<Buffer, void, undefined> {
    let received = 0;
    for await (const chunk of chunks) {
      received += chunk.length;
      if (received > maxBytes()) {
        throw new LayoverError('UPSTREAM_CONTENT', {
          message: `${this.place.name} sent ${received} encoded bytes that decode to almost nothing`,
        });
      }
      yield chunk;
    }
  }

  private tooLarge(maxBytes: number, what: string): LayoverError {
    return new LayoverError('UPSTREAM_CONTENT', {
      message: `${what} from ${this.place.name} is larger than ${maxBytes} bytes, the limit of Layover`,
    });
  }

  private failure(error: unknown): LayoverError {
    if (isLayoverError(error)) return error;
    const encoding = this.headers.codings.join(', ');
    const isCut = errorCode(error) === 'Z_BUF_ERROR';
    return new LayoverError(isCut ? 'UPSTREAM_FAILED' : 'UPSTREAM_CONTENT', {
      message: `${this.place.name} sent ${isCut ? 'a truncated stream in' : 'content that is labelled as'} the encoding ${encoding}${isCut ? '' : ' but is not'}`,
      cause: error,
    });
  }
}

/** Yields a chunk, and then the others. */
async function* concatenated(
  first: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  yield* rest;
}
