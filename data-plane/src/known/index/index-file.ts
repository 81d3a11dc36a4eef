import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';
import { decodeFrames, encodeFrame } from '../../../../common/files/frames';
import { writeAll } from '../../../../common/files/write-all';
import type { IndexOperation } from './index-operation';

/**
 * The first frame of every file. A file with another header has another version and is not read.
 */
const HEADER = JSON.stringify(['layover-index', 1]);

const CHUNK_BYTES = 1024 * 1024;

/**
 * The file with the operations of an index, oldest first. Every method throws the errors of the
 * file system. Only one call may run at a time.
 */
export class IndexFile {
  private readonly path: string;
  private file: FileHandle | undefined;
  private length = 0;
  /**
   * Whether the name of the file is durable: it has not changed since the last sync of the
   * directory.
   */
  private isNameDurable = true;

  constructor(private readonly directory: string) {
    this.path = join(directory, 'index.log');
  }

  /** Returns the size of the file in bytes. */
  get bytes(): number {
    return this.length;
  }

  /**
   * Reads all operations. A file that ends within an operation was truncated by a crash and is read
   * up to that point. A damaged file is moved to `index.log.damaged`, because a gap could restore
   * removed entries. Resolves with whether the file was intact; after false, the caller must
   * discard everything that `apply` received.
   */
  async load(apply: (operation: IndexOperation) => void): Promise<boolean> {
    await makeDurableFolder(this.directory);
    let rest = Buffer.alloc(0);
    let first = true;
    try {
      for await (const chunk of createReadStream(this.path, { highWaterMark: CHUNK_BYTES })) {
        const bytes = Buffer.concat([rest, chunk as Buffer]);
        const { payloads, consumed, damaged } = decodeFrames(bytes);
        for (const payload of payloads) {
          const text = payload.toString('utf8');
          if (first && text !== HEADER) return await this.moveAside();
          if (!first) apply(JSON.parse(text) as IndexOperation);
          first = false;
        }
        if (damaged) return await this.moveAside();
        rest = bytes.subarray(consumed);
        this.length += consumed;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw error;
    }
    return true;
  }

  /**
   * Appends operations. After an error, the caller must rewrite or remove the file, because it may
   * contain a part of them.
   */
  async append(operations: Iterable<IndexOperation>): Promise<void> {
    if (this.length === 0) return this.rewrite(operations);
    this.file ??= await this.openTruncated();
    this.length += await writeOperations(this.file, operations, this.length);
  }

  /** Replaces the whole content atomically. */
  async rewrite(operations: Iterable<IndexOperation>): Promise<void> {
    const draft = `${this.path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      const header = encodeFrame(Buffer.from(HEADER));
      await file.write(header, 0, header.length, 0);
      const length = header.length + (await writeOperations(file, operations, header.length));
      await rename(draft, this.path);
      this.isNameDurable = false;
      await this.file?.close();
      this.file = file;
      this.length = length;
    } catch (error) {
      await file.close();
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Removes the file. This works on a full disk too, and no file is better than an outdated one.
   */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
    this.length = 0;
  }

  /** Makes all written operations durable. */
  async sync(): Promise<void> {
    await this.file?.datasync();
    if (this.isNameDurable) return;
    await syncFolder(this.directory);
    this.isNameDurable = true;
  }

  async close(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    await file?.close();
  }

  /** Opens the loaded file and truncates what a crash left after the last complete operation. */
  private async openTruncated(): Promise<FileHandle> {
    const file = await open(this.path, 'r+');
    await file.truncate(this.length).catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    return file;
  }

  private async moveAside(): Promise<false> {
    await rename(this.path, `${this.path}.damaged`);
    this.length = 0;
    return false;
  }
}

/** Writes operations from `position` in chunks; resolves with the number of bytes written. */
async function writeOperations(
  file: FileHandle,
  operations: Iterable<IndexOperation>,
  position: number,
): Promise<number> {
  let frames: Buffer[] = [];
  let size = 0;
  let written = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(frames);
    await writeAll(file, bytes, position + written);
    written += bytes.length;
    frames = [];
    size = 0;
  };
  for (const operation of operations) {
    const frame = encodeFrame(Buffer.from(JSON.stringify(operation)));
    frames.push(frame);
    size += frame.length;
    if (size >= CHUNK_BYTES) await flush();
  }
  await flush();
  return written;
}
