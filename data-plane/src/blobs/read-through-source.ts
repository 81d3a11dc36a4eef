import { type FileHandle, open } from 'node:fs/promises';
import { throwIfAborted } from '../../../common/async/until-aborted';
import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import type { WaitingPlaces } from '../../../common/async/waiting-places';
import type { BufferPair } from '../../../common/files/buffer-pool';
import { openPatiently } from '../../../common/async/open-patiently';
import type { Digest } from '../../../common/oci/digest';
import type { BlobReader, BlobSource } from './blob-source';
import type { StoredBlob } from '../store/blob-store';
import { buffersInTurn, READ_CHUNK_BYTES, readAt } from '../store/read-file-range';
import { toStoreError, unlessUnreachable } from '../store/store-error';
import { enterOpenFiles } from '../store/room/within-open-files';
import { Absence } from '../store/guard/absence';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { FillReader, FillRequest, Fills } from './fills/fills';
import type { PassThrough } from './pass-through';

/** Dependencies of ReadThroughSource. */
export interface ReadThroughParts {
  readonly stored: StoredBlobs;
  readonly fills: Fills;
  /** undefined = a blob that does not fit on the disk is refused. */
  readonly passThrough?: PassThrough | undefined;
  /** Places for open files. Default: as many as are needed. */
  readonly files?: WaitingPlaces | undefined;
}

/** How often a blob may disappear from the store between the end of its fill and the read. */
const TRIES = 3;

/**
 * Reads a blob from the store, or through a fill if the store does not hold it. The store is asked
 * once, and not at all if the request carries its answer (ADR 26) or no proof (ADR 30). A blob
 * whose bytes are missing or damaged is filled again, and the client does not notice
 * (docs/design/fills.md#damaged-blobs). So is one whose store cannot be reached.
 * A blob that does not fit on the disk, or into the quota of an organization that does not reject
 * it, is passed through (docs/design/fills.md#pass-through).
 */
export class ReadThroughSource implements BlobSource {
  constructor(private readonly parts: ReadThroughParts) {}

  async open(request: FillRequest, signal?: AbortSignal): Promise<BlobReader> {
    const { stored } = this.parts;
    const { digest, expectedSize } = request;
    let { absence } = request;
    let wasAbsent = absence !== undefined;
    for (let tries = 0; tries < TRIES; tries += 1) {
      throwIfAborted(signal);
      const right = request.readRight();
      if (absence === undefined && right !== undefined) {
        const found = await unlessUnreachable(stored.open(right, expectedSize));
        // A blob that this request has waited for is a miss, whoever fetched it.
        if (found !== undefined && !(found instanceof Absence)) return storeReader(found, wasAbsent ? 'fill' : 'store');
        absence = found;
      }
      wasAbsent = true;
      const reader = await this.fill({ ...request, absence }, signal);
      if (!('origin' in reader)) return reader.passed;
      if (reader.origin === 'fill') return new FillFileReader(digest, reader, this.parts.files);
      // The fill found the blob in the store, so the next iteration opens it there.
      await reader.close();
      absence = undefined;
    }
    throw new LayoverError('STORE_FAILED', {
      message: `Blob ${digest} disappeared from the blob store repeatedly while it was opened.`,
    });
  }

  private async fill(
    request: FillRequest,
    signal: AbortSignal | undefined,
  ): Promise<FillReader | { readonly passed: BlobReader }> {
    const { fills, passThrough } = this.parts;
    try {
      return await fills.open(request, signal);
    } catch (error) {
      if (passThrough === undefined || !mayPass(error, request)) throw error;
      return { passed: await passThrough.start(request, error, signal) };
    }
  }
}

function mayPass(thrown: unknown, { passesOversize = false }: FillRequest): thrown is LayoverError {
  if (!isLayoverError(thrown)) return false;
  return thrown.key === 'STORE_FULL' || (thrown.key === 'QUOTA_EXCEEDED' && passesOversize);
}

function storeReader(blob: StoredBlob, origin: BlobReader['origin']): BlobReader {
  return {
    origin,
    size: blob.size,
    path: blob.localPath,
    available: blob.size,
    waitBeyond: () => Promise.resolve(blob.size),
    read: (offset, length, signal, into) => blob.read(offset, length, signal, into),
    close: () => blob.close(),
  };
}

/**
 * Reads the growing file of a fill, at the pace of the reader. Opens the file only when bytes are
 * requested: an edge may read it by path instead.
 */
class FillFileReader implements BlobReader {
  readonly origin = 'fill';
  private file: Promise<FileHandle> | undefined;
  private leave: (() => void) | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly digest: Digest,
    private readonly fill: FillReader,
    private readonly files: WaitingPlaces | undefined,
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

  async *read(
    offset: number,
    length: number,
    signal?: AbortSignal,
    into?: BufferPair,
  ): AsyncGenerator<Buffer, void, undefined> {
    const end = Math.min(offset + length, this.size);
    const next = buffersInTurn(into);
    for (let position = offset; position < end;) {
      throwIfAborted(signal);
      const available = this.available > position ? this.available : await this.waitBeyond(position, signal);
      const file = await this.opened();
      const buffer = next();
      const want = Math.min(buffer?.length ?? READ_CHUNK_BYTES, Math.min(available, end) - position);
      const chunk = await readAt(file, position, want, `read ${this.digest} during its fill`, buffer);
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
      return await (this.file ??= this.open());
    } catch (error) {
      throw toStoreError(error, `read ${this.digest} during its fill`);
    }
  }

  private async open(): Promise<FileHandle> {
    if (this.files !== undefined) this.leave = await enterOpenFiles(this.files, this.digest);
    return openPatiently(() => open(this.fill.path ?? '', 'r'));
  }

  private async release(): Promise<void> {
    try {
      const file = await this.file?.catch(() => undefined);
      await file?.close();
    } finally {
      this.leave?.();
      await this.fill.close();
    }
  }
}
