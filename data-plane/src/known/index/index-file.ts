import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';
import { decodeFrames, encodeFrame } from '../../../../common/files/frames';
import { writeAll } from '../../../../common/files/write-all';
import type { IndexOperation } from './index-operation';

/** First frame of every file; a file that begins otherwise is of another version, and not read. */
const HEADER = JSON.stringify(['layover-index', 1]);

const CHUNK_BYTES = 1024 * 1024;

/** The operations of an index in a file, oldest first. Every method throws what the file system throws. One call at a time. */
export class IndexFile {
  private readonly path: string;
  private file: FileHandle | undefined;
  private length = 0;
  /** Whether the file has had its name since the last sync of the folder. */
  private isNameDurable = true;

  constructor(private readonly directory: string) {
    this.path = join(directory, 'index.log');
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.length;
  }

  /**
   * Reads every operation. A file that ends in the middle of one was cut by a crash and is read up to there; one that is damaged is
   * moved aside to `index.log.damaged` (a hole could bring back what was forgotten). Resolves with whether all was well;
   * after false, what `apply` was given must not be kept.
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

  /** Adds operations. After a failure the file must be rewritten or removed: part of them may be in it. */
  async append(operations: Iterable<IndexOperation>): Promise<void> {
    if (this.length === 0) return this.rewrite(operations);
    this.file ??= await this.openCut();
    this.length += await writeOperations(this.file, operations, this.length);
  }

  /** Replaces the whole content in one step. */
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

  /** Removes the file, which works on a full disk too: nothing is better than what is no longer true. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
    this.length = 0;
  }

  /** Makes everything that was written durable. */
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

  /** The file that was loaded, without what a crash left behind its last whole operation. */
  private async openCut(): Promise<FileHandle> {
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

/** Writes operations from `position`, a chunk at a time; resolves with their bytes. */
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
