import type { FileHandle } from 'node:fs/promises';
import { throwIfAborted } from '../../../common/async/until-aborted';
import { LayoverError } from '../../../common/errors/layover-error';
import type { BufferPair } from '../../../common/files/buffer-pool';
import { toStoreError } from './store-error';

/**
 * Maximum size of a chunk that readers of blobs get, in bytes (docs/design/delivery.md#deliveries).
 */
export const READ_CHUNK_BYTES = 256 * 1024;

/** A range of a file that is not written to any more. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
  /** Completes "could not …" in error messages. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Buffers to read into in turn, instead of a new one for each chunk; see StoredBlob.read. */
  readonly into?: BufferPair | undefined;
}

/**
 * Yields `length` bytes from `offset`. Reads by position, so several readers may share the handle.
 * The caller keeps and closes the handle. Throws STORE_FAILED if the file ends early, CANCELLED if
 * the signal aborts between two chunks.
 */
export async function* readFileRange(file: FileHandle, range: FileRange): AsyncGenerator<Buffer, void, undefined> {
  const end = range.offset + range.length;
  const next = buffersInTurn(range.into);
  for (let position = range.offset; position < end;) {
    throwIfAborted(range.signal);
    const into = next();
    const length = Math.min(into?.length ?? READ_CHUNK_BYTES, end - position);
    const chunk = await readAt(file, position, length, range.what, into);
    position += chunk.length;
    yield chunk;
  }
}

/** Returns the buffers of a pair in turn, or undefined if there is none. */
export function buffersInTurn(pair: BufferPair | undefined): () => Buffer | undefined {
  let turn = 1;
  return () => pair?.[(turn = 1 - turn)];
}

/**
 * Reads 1 to `length` bytes at `position`, into `into` if it is given, which has room for them.
 * Throws STORE_FAILED, also at the end of the file.
 */
export async function readAt(
  file: FileHandle,
  position: number,
  length: number,
  what: string,
  into?: Buffer,
): Promise<Buffer> {
  const buffer = into ?? Buffer.allocUnsafe(length);
  let bytesRead: number;
  try {
    ({ bytesRead } = await file.read(buffer, 0, length, position));
  } catch (error) {
    throw toStoreError(error, what);
  }
  if (bytesRead === 0) {
    throw new LayoverError('STORE_FAILED', {
      message: `Layover could not ${what}: the file is shorter than expected. Check the disk of the data plane.`,
    });
  }
  return bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
}
