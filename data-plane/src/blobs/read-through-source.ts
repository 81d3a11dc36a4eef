import { type FileHandle, open } from 'node:fs/promises';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Logger } from '../../../common/runtime/logger';
import type { BlobReader, BlobSource } from './blob-source';
import type { BlobStore, StoredBlob } from '../store/blob-store';
import { READ_CHUNK_BYTES, readAt, throwIfAborted } from '../store/read-file-range';
import { toStoreError } from '../store/store-error';
import { StoredBlobs } from '../store/guard/stored-blobs';
import type { FillReader, Fills } from './fills/fills';

/** What a blob source is made of. */
export interface BlobSourceOptions {
  readonly store: BlobStore;
  readonly fills: Fills;
  readonly logger: Logger;
}

/** Times that a blob may vanish from the store between being kept and being opened. */
const TRIES = 3;

/**
 * Read-through: the store first, a fill otherwise. A blob that is kept between the two looks is read from the store; one whose bytes
 * are gone, or damaged, is filled again, and the client does not notice (architecture, section 5.6).
 */
export function createBlobSource({ store, fills, logger }: BlobSourceOptions): BlobSource {
  const stored = new StoredBlobs(store, logger);
  return {
    async open(request, signal) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        throwIfAborted(signal);
        const blob = await stored.open(request.digest, request.expectedSize);
        if (blob !== undefined) return storeReader(blob);
        const reader = await fills.open(request, signal);
        if (reader.origin === 'fill') return new FollowingReader(request.digest, reader);
        await reader.close();
      }
      throw new LayoverError('STORE_FAILED', {
        message: `${request.digest} vanishes from the blob store again and again`,
      });
    },
  };
}

function storeReader(blob: StoredBlob): BlobReader {
  return {
    origin: 'store',
    size: blob.size,
    path: blob.localPath,
    available: blob.size,
    waitBeyond: () => Promise.resolve(blob.size),
    read: (offset, length, signal) => blob.read(offset, length, signal),
    close: () => blob.close(),
  };
}

/** Reads a growing file at the reader's own pace. Opens it only when bytes are asked for: an edge may read it by path. */
class FollowingReader implements BlobReader {
  readonly origin = 'fill';
  private file: Promise<FileHandle> | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly digest: Digest,
    private readonly fill: FillReader,
  ) {}

  get size(): number {
    return this.fill.size;
  }

  get path(): string | undefined {
    return this.fill.path;
  }

  get available(): number {
    return this.fill.available;
  }

  waitBeyond(offset: number, signal?: AbortSignal): Promise<number> {
    return this.fill.waitBeyond(offset, signal);
  }

  async *read(offset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    const end = Math.min(offset + length, this.size);
    for (let position = offset; position < end;) {
      throwIfAborted(signal);
      const available = this.available > position ? this.available : await this.waitBeyond(position, signal);
      const file = await this.opened();
      const want = Math.min(READ_CHUNK_BYTES, Math.min(available, end) - position);
      const chunk = await readAt(file, position, want, `read ${this.digest} while it is fetched`);
      position += chunk.length;
      yield chunk;
    }
  }

  close(): Promise<void> {
    return (this.closing ??= this.release());
  }

  private async opened(): Promise<FileHandle> {
    if (this.closing !== undefined) throw new LayoverError('CANCELLED');
    try {
      return await (this.file ??= open(this.fill.path ?? '', 'r'));
    } catch (error) {
      throw toStoreError(error, `read ${this.digest} while it is fetched`);
    }
  }

  private async release(): Promise<void> {
    try {
      const file = await this.file?.catch(() => undefined);
      await file?.close();
    } finally {
      await this.fill.close();
    }
  }
}
