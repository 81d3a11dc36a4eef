import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A mark and its checksum. Earlier versions wrote no checksum. */
const MARK = /^(\d{1,15})(?: ([0-9a-f]{8}))?\n$/;

/**
 * The delivered position of the journal, in its own small file. The file is not synced. After a
 * power cut it may be outdated; then records are delivered again, which their ids make harmless. A
 * damaged mark must not be believed: with a higher number, records would count as delivered that
 * were not. So it has a checksum.
 */
export class DeliveredMark {
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, 'delivered');
  }

  /** Returns the number of the first undelivered record; 1 if there is no intact mark. */
  async load(): Promise<number> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const [, sequence, checksum] = MARK.exec(text) ?? [];
    if (sequence === undefined) return 1;
    return checksum === undefined || checksum === checksumOf(sequence) ? Number(sequence) : 1;
  }

  /** Replaces the mark atomically. Throws file system errors; the old mark then stays. */
  async save(sequence: number): Promise<void> {
    await writeFile(`${this.path}.new`, `${sequence} ${checksumOf(String(sequence))}\n`, { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }
}

function checksumOf(sequence: string): string {
  return crc32(sequence).toString(16).padStart(8, '0');
}
