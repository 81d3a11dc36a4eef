import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How far the journal is delivered, in a small file of its own. Not synced: after a power cut it may be older than the
 * truth, and records are then delivered again, which ids make harmless.
 */
export class DeliveredMark {
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, 'delivered');
  }

  /** Number of the first record that was not delivered; 1 where nothing is known. */
  async load(): Promise<number> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return /^\d{1,15}\n$/.test(text) ? Number(text) : 1;
  }

  /** Replaces the mark in one step. Throws what the file system throws; the old mark then stands. */
  async save(sequence: number): Promise<void> {
    await writeFile(`${this.path}.new`, `${sequence}\n`, { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }
}
