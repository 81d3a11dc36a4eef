import { createReadStream } from 'node:fs';
import type { Hash } from 'node:crypto';
import { algorithmOf, type Digest, newHasher } from '../../../../../common/oci/digest';
import { toStoreError } from '../../../store/store-error';
import type { BlobHash } from './blob-hash';
import type { FileHash, FileHashes } from './file-hashes';

/**
 * Blobs of at most so many bytes are hashed as they arrive: another thread would cost more time
 * than it saves.
 */
const INLINE_BYTES = 1024 * 1024;
/** Size of the reads if a file must be hashed here. */
const READ_BYTES = 256 * 1024;

/**
 * Hashes a blob that is written to a spool file. A large one is hashed by another thread, which
 * reads the file behind the writer. If that fails, the file is hashed here when the digest is
 * needed: slower, but no fill fails for it.
 */
export class SpoolHash implements BlobHash {
  private inline: Hash | undefined;
  private file: FileHash | undefined;
  private receivedBytes = 0;
  private writtenBytes = 0;

  constructor(
    private readonly digest: Digest,
    private readonly path: string,
    private readonly hashes: FileHashes,
  ) {
    this.inline = newHasher(digest);
  }

  update(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    if (this.inline === undefined) return;
    if (this.receivedBytes <= INLINE_BYTES) {
      this.inline.update(chunk);
      return;
    }
    this.inline = undefined;
    this.file = this.hashes.begin(this.path, algorithmOf(this.digest));
    this.file.advance(this.writtenBytes);
  }

  /** Notes how many bytes the file has. */
  advance(writtenBytes: number): void {
    this.writtenBytes = writtenBytes;
    this.file?.advance(writtenBytes);
  }

  /** See BlobHash. Throws STORE_FAILED if the file cannot be read. */
  async hex(): Promise<string> {
    if (this.inline !== undefined) return this.inline.copy().digest('hex');
    try {
      return await this.file!.hexOf(this.receivedBytes);
    } catch {
      return this.readAgain();
    }
  }

  /** Ends the work of the other thread. Idempotent. */
  end(): void {
    this.file?.end();
  }

  private async readAgain(): Promise<string> {
    const hash = newHasher(this.digest);
    const range = { start: 0, end: this.receivedBytes - 1, highWaterMark: READ_BYTES };
    try {
      for await (const chunk of createReadStream(this.path, range)) hash.update(chunk as Buffer);
    } catch (error) {
      throw toStoreError(error, `read ${this.digest} from its spool`);
    }
    return hash.digest('hex');
  }
}
