import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../../common/files/durable-file';
import type { SealedBox } from '../../../common/security/sealed-box';

/** Bound into the sealed file, so that no other sealed value can stand in its place. */
const CONTEXT = 'configuration-snapshot/1';

/**
 * The last good snapshot on disk, sealed: it holds upstream passwords and the keys of pull tokens.
 * The box is `new SealedBox('configuration-snapshot', masterKey)`.
 */
export class SnapshotFile {
  constructor(
    private readonly path: string,
    private readonly box: SealedBox,
  ) {}

  /**
   * The bytes that were saved; undefined where none were. What a previous master key sealed is sealed again with the present one.
   * Throws a SealedBoxError for another master key or a changed file, which stays as it is.
   */
  async load(): Promise<Buffer | undefined> {
    const sealed = await readFile(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (sealed === undefined) return undefined;
    const plain = this.box.open(sealed, CONTEXT);
    // Where the disk takes nothing, the file opens as long as the previous key is configured, and a later save replaces it.
    if (!this.box.isCurrent(sealed)) await this.save(plain).catch(() => undefined);
    return plain;
  }

  /** Replaces the file in one step; see {@link replaceFile} for what holds after a crash and what is thrown. */
  async save(plain: Buffer): Promise<void> {
    await replaceFile(this.path, this.box.seal(plain, CONTEXT));
  }
}
