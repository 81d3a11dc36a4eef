import { open, stat, statfs, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAll } from '../../../common/files/write-all';

/** Size of the reserve in bytes: about 9,000 pulls, while nothing can be delivered. */
export const JOURNAL_RESERVE_BYTES = 4 * 1024 ** 2;
/** What one write that fails for want of space gets, in bytes. */
const STEP_BYTES = 1024 ** 2;

/**
 * Room on the disk that only the journal uses: a file of zeros that shrinks when a write finds the
 * disk full. Fills leave a reserve of the disk (docs/design/fills.md#disk-space), but other
 * programs do not.
 */
export class JournalReserve {
  private readonly path: string;
  private size = 0;

  constructor(
    private readonly directory: string,
    private readonly bytes = JOURNAL_RESERVE_BYTES,
  ) {
    this.path = join(directory, 'reserve');
  }

  /** Bytes that are left. */
  get left(): number {
    return this.size;
  }

  /**
   * Fills the file up if the disk has room for twice of what is missing. Never throws: without a
   * reserve, the journal works as long as the disk has room.
   */
  async fill(): Promise<void> {
    if (this.size >= this.bytes) return;
    try {
      await this.measure();
      const missing = this.bytes - this.size;
      if (missing <= 0) return;
      const { bavail, bsize } = await statfs(this.directory);
      if (bavail * bsize < 2 * missing) return;
      const file = await open(this.path, 'a', 0o600);
      try {
        await writeAll(file, Buffer.alloc(missing), this.size);
      } finally {
        await file.close();
      }
    } catch {
      // What was written before the disk was full is a part of the reserve, too.
    }
    await this.measure();
  }

  /**
   * Runs a write. If the disk is full, frees a part of the reserve and runs it again, until the
   * reserve is used up. Throws the errors of the write.
   */
  async spend<Result>(write: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!isDiskFull(error) || !(await this.release())) throw error;
      }
    }
  }

  private async release(): Promise<boolean> {
    // The delivery may fill the file up at the same time.
    await this.measure();
    if (this.size === 0) return false;
    const size = Math.max(0, this.size - STEP_BYTES);
    try {
      await truncate(this.path, size);
    } catch {
      return false;
    }
    this.size = size;
    return true;
  }

  private async measure(): Promise<void> {
    this.size = await stat(this.path).then(
      (found) => found.size,
      () => 0,
    );
  }
}

/** Returns whether this is the error of a write for which the disk has no room. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
