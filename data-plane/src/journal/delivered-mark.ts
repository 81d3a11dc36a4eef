import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The delivered position of the journal, in its own small file. The file is not synced. After a
 * power cut it may be outdated; then records are delivered again, which their ids make harmless.
 */
export class DeliveredMark {
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, 'delivered');
  }

  /** Returns the number of the first undelivered record; 1 if there is no mark. */
  async load(): Promise<number> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return /^\d{1,15}\n$/.test(text) ? Number(text) : 1;
  }

  /** Replaces the mark atomically. Throws file system errors; the old mark then stays. */
  async save(sequence: number): Promise<void> {
    await writeFile(`${this.path}.new`, `${sequence}\n`, { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }
}
