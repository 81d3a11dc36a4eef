import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DamagedPart } from './segment-content';

/** Total size of the files from which on damaged parts are only logged, in bytes. */
export const MAX_DAMAGED_BYTES = 64 * 1024 * 1024;

const EXTENSION = '.damaged';

/** The files with damaged parts. */
export interface KeptDamage {
  readonly files: number;
  /** Size of all of them together. */
  readonly bytes: number;
}

/**
 * Damaged parts of segments, kept for an operator: one file for each part, named by its segment and
 * its offset there.
 */
export class DamagedParts {
  constructor(
    private readonly directory: string,
    private readonly maxBytes = MAX_DAMAGED_BYTES,
  ) {}

  /**
   * Writes a part to its file and resolves with its name. Resolves with undefined if the files are
   * too large together or the file cannot be written: damage must not stop the delivery.
   */
  async keep(segment: string, { offset, bytes }: DamagedPart): Promise<string | undefined> {
    const name = `${basename(segment)}.${offset}${EXTENSION}`;
    try {
      if ((await this.total(name)).bytes + bytes.length > this.maxBytes) return undefined;
      await writeFile(join(this.directory, name), bytes, { mode: 0o600 });
      return name;
    } catch {
      return undefined;
    }
  }

  /** Returns the number and size of all files, except one. Throws file system errors. */
  async total(except?: string): Promise<KeptDamage> {
    const total = { files: 0, bytes: 0 };
    for (const name of await readdir(this.directory)) {
      if (!name.endsWith(EXTENSION) || name === except) continue;
      total.files += 1;
      total.bytes += (await stat(join(this.directory, name))).size;
    }
    return total;
  }
}
