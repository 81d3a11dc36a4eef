import { createGunzip, type Gunzip } from 'node:zlib';
import { pipeline, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { LayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from './error-code';
import type { ResponseHeaders } from './response-headers';
import { type Place, transportError } from './transport-error';

/** What is read of a body that nobody wants, to keep its connection; beyond that the connection is given up. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 1000;

/** A response's body. Exactly one of its methods is called, once; each releases the connection, however it ends. */
export class ResponseBody {
  constructor(
    private readonly source: Dispatcher.ResponseData['body'],
    private readonly headers: ResponseHeaders,
    private readonly place: Place,
  ) {
    // A body that is destroyed with nobody listening would take the process down.
    source.on('error', () => undefined);
  }

  /** Reads the rest and forgets it, so that the connection can be used again; gives up on long or slow ones. Never throws. */
  async discard(): Promise<void> {
    await this.source.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(DISCARD_MS) }).catch(() => undefined);
  }

  /** Cuts the connection where the body is not whole yet. */
  cancel(): void {
    this.source.destroy();
  }

  /**
   * The whole body in memory, decoded. Throws UPSTREAM_CONTENT beyond `maxBytes` (before reading where Content-Length says so;
   * decoded bytes count), UPSTREAM_FAILED when cut, UPSTREAM_TIMEOUT when stalled. `what` names it in messages.
   */
  async read(maxBytes: number, what: string): Promise<Buffer> {
    const tooLarge = (): LayoverError =>
      new LayoverError('UPSTREAM_CONTENT', {
        message: `${what} from ${this.place.name} is larger than the ${maxBytes} bytes that Layover accepts`,
      });
    if ((this.headers.contentLength ?? 0) > maxBytes) {
      this.cancel();
      throw tooLarge();
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.stream()) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
  }

  /**
   * The bytes as they come, decoded where upstream encoded them although asked not to (gzip; others
   * are refused; docs/design/access.md#http-client). Throws UPSTREAM_FAILED when cut,
   * UPSTREAM_TIMEOUT when upstream (not the reader) stalls, CANCELLED by the signal.
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
        message: `${this.place.name} sent content in the encoding ${printable(encoding)}, which was not asked for`,
      });
    }
    const gunzip: Gunzip = createGunzip({ chunkSize: 64 * 1024 });
    // The callback only keeps an error from being unhandled; it reaches the reader through `gunzip`.
    pipeline(this.source, gunzip, () => undefined);
    return gunzip;
  }

  private failure(error: unknown): LayoverError {
    const code = errorCode(error);
    if (code === 'Z_BUF_ERROR') {
      return new LayoverError('UPSTREAM_FAILED', {
        message: `${this.place.name} sent half a gzip stream`,
        cause: error,
      });
    }
    if (code.startsWith('Z_')) {
      return new LayoverError('UPSTREAM_CONTENT', {
        message: `${this.place.name} sent content that says it is gzip and is not`,
        cause: error,
      });
    }
    return transportError(error, this.place);
  }
}

function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, 40);
}
