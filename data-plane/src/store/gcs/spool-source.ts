import { type FileHandle, open } from 'node:fs/promises';
import { Condition } from '../../../../common/async/condition';
import { untilAborted } from '../../../../common/async/until-aborted';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import { READ_CHUNK_BYTES, readAt } from '../read-file-range';
import { toStoreError } from '../store-error';
import { crc32cOf } from './crc32c';

/** Number of bytes that are read from the spool at a time. */
const PIECE_BYTES = 2 * READ_CHUNK_BYTES;

/**
 * Reads the spool file of a fill for an upload, while it grows. Bytes can be read repeatedly, as
 * often as retries need them. So an upload holds one piece in memory, no matter how far behind it
 * is.
 */
export class SpoolSource {
  private file: Promise<FileHandle> | undefined;
  private closed = false;
  private written = 0;
  private whole: number | undefined;
  private readonly grown = new Condition();
  /** CRC32C of the bytes before `covered`. */
  private crc = 0;
  private covered = 0;

  constructor(
    private readonly path: string,
    private readonly digest: Digest,
  ) {}

  /** Size of the blob; undefined until it is proven. */
  get size(): number | undefined {
    return this.whole;
  }

  advance(writtenBytes: number): void {
    this.written = writtenBytes;
    this.grown.notifyAll();
  }

  finish(size: number): void {
    this.whole = size;
    this.written = size;
    this.grown.notifyAll();
  }

  /**
   * Resolves when more than `bytes` bytes have been written, or the size is known. Throws the
   * reason of the signal if it aborts.
   */
  async beyond(bytes: number, signal: AbortSignal): Promise<void> {
    while (this.whole === undefined && this.written <= bytes) {
      await untilAborted(this.grown.wait(), signal);
    }
  }

  /** Resolves with the size when it is known. Throws the reason of the signal if it aborts. */
  async finished(signal: AbortSignal): Promise<number> {
    await this.beyond(Infinity, signal);
    return this.whole!;
  }

  /** Yields written bytes. Throws STORE_FAILED if the file is shorter than reported. */
  async *read(offset: number, length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let at = offset; at < offset + length;) {
      const piece = await this.piece(at, offset + length);
      at += piece.length;
      yield piece;
    }
  }

  /** Returns the CRC32C of the first `end` bytes. `end` must not be lower than in earlier calls. */
  async crcTo(end: number): Promise<number> {
    while (this.covered < end) await this.piece(this.covered, end);
    return this.crc;
  }

  async close(): Promise<void> {
    this.closed = true;
    const file = await this.file?.catch(() => undefined);
    await file?.close();
  }

  private async piece(at: number, end: number): Promise<Buffer> {
    const file = await this.opened();
    const piece = await readAt(file, at, Math.min(PIECE_BYTES, end - at), `read ${this.digest} to upload it`);
    if (at === this.covered) {
      this.crc = crc32cOf(piece, this.crc);
      this.covered += piece.length;
    }
    return piece;
  }

  private async opened(): Promise<FileHandle> {
    if (this.closed) throw new LayoverError('CANCELLED');
    try {
      return await (this.file ??= open(this.path, 'r'));
    } catch (error) {
      throw toStoreError(error, `read ${this.digest} to upload it`);
    }
  }
}
