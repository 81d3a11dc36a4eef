import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../../common/files/durable-file';
import type { SealedBox } from '../../../common/security/sealed-box';

/** Authenticated context of the sealed file, so that no other sealed value can take its place. */
const CONTEXT = 'configuration-snapshot/1';

/**
 * The last valid snapshot on disk. It is sealed, because it contains upstream passwords and the
 * keys of pull tokens. The box is `new SealedBox('configuration-snapshot', masterKey)`.
 */
export class SnapshotFile {
  constructor(
    private readonly path: string,
    private readonly box: SealedBox,
  ) {}

  /**
   * Returns the saved bytes, or undefined if the file does not exist. Reseals a file that was
   * sealed with a previous master key. Throws a SealedBoxError, and keeps the file, if the file was
   * sealed with an unknown key or was modified.
   */
  async load(): Promise<Buffer | undefined> {
    const sealed = await readFile(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (sealed === undefined) return undefined;
    const plain = this.box.open(sealed, CONTEXT);
    // A failed write is harmless: the file can be opened while the previous key is configured, and
    // a later save replaces it.
    if (!this.box.isCurrent(sealed)) await this.save(plain).catch(() => undefined);
    return plain;
  }

  /** Replaces the file atomically. See {@link replaceFile} for durability and errors. */
  async save(plain: Buffer): Promise<void> {
    await replaceFile(this.path, this.box.seal(plain, CONTEXT));
  }
}
