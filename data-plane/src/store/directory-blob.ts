import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { algorithmOf, type Digest, digestOf } from '../../../common/oci/digest';
import type { StoredBlob } from './blob-store';
import { readFileRange } from './read-file-range';
import { systemErrorCode, toStoreError } from './store-error';

/** An open stored file. `damaged` = it cannot be the blob, whatever its bytes are. */
export interface OpenedFile {
  readonly file: FileHandle;
  readonly size: number;
  readonly inode: number;
  readonly damaged: boolean;
}

/**
 * Opens a stored file; undefined = it does not exist. An empty file is `damaged`, unless its digest
 * is that of empty content: a power cut leaves an empty file if the name was written before the
 * bytes. The caller closes the handle.
 */
export async function openStoredFile(path: string, digest: Digest): Promise<OpenedFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw toStoreError(error, `open ${digest}`);
  }
  try {
    const stats = await file.stat();
    const damaged = !stats.isFile() || !isPossibleSize(digest, stats.size);
    return { file, size: stats.size, inode: stats.ino, damaged };
  } catch (error) {
    await file.close();
    throw toStoreError(error, `open ${digest}`);
  }
}

/**
 * Returns whether content with this digest can have `size` bytes. Only a size of 0 can be ruled
 * out.
 */
export function isPossibleSize(digest: Digest, size: number): boolean {
  return size > 0 || digestOf(Buffer.alloc(0), algorithmOf(digest)) === digest;
}

/**
 * A blob of a directory. The inode distinguishes it from other bytes under the same name. This only
 * works while the file is open, because an inode can be reused afterwards.
 */
export interface DirectoryBlob extends StoredBlob {
  readonly inode: number;
}

/**
 * Returns the blob of an open file and takes over the file. Unlinking the file does not disturb
 * reads.
 */
export function storedBlob(digest: Digest, path: string, opened: OpenedFile): DirectoryBlob {
  let closing: Promise<void> | undefined;
  return {
    size: opened.size,
    localPath: path,
    inode: opened.inode,
    read: (offset, length, signal, into) =>
      readFileRange(opened.file, { offset, length, what: `read ${digest} from its store`, signal, into }),
    // Node's close waits for reads under way (fs documentation, filehandle.close).
    close: () => (closing ??= opened.file.close()),
  };
}
