import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { algorithmOf, type Digest, digestOf } from '../../../common/oci/digest';
import type { StoredBlob } from './blob-store';
import { readFileRange } from './read-file-range';
import { errorCode, toStoreError } from './store-error';

/** A stored file, opened. `damaged` says that it can't be the blob, whatever its bytes are. */
export interface OpenedFile {
  readonly file: FileHandle;
  readonly size: number;
  readonly inode: number;
  readonly damaged: boolean;
}

/**
 * Opens a stored file; undefined = not there. An empty file is `damaged` unless the digest is that of no bytes:
 * what a power cut leaves of a file whose name was written before its bytes. The caller closes the handle.
 */
export async function openStoredFile(path: string, digest: Digest): Promise<OpenedFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
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

/** Whether content of this digest can have `size` bytes; only for 0 there is a certain answer. */
export function isPossibleSize(digest: Digest, size: number): boolean {
  return size > 0 || digestOf(Buffer.alloc(0), algorithmOf(digest)) === digest;
}

/** A blob of a directory; by its inode it is told from other bytes of the same name. Only while it is open: then an inode is not used again. */
export interface DirectoryBlob extends StoredBlob {
  readonly inode: number;
}

/** The blob behind an opened file, which it owns from now on. Unlinking the file does not disturb it. */
export function storedBlob(digest: Digest, path: string, opened: OpenedFile): DirectoryBlob {
  let closing: Promise<void> | undefined;
  return {
    size: opened.size,
    localPath: path,
    inode: opened.inode,
    read: (offset, length, signal) =>
      readFileRange(opened.file, { offset, length, what: `read ${digest} from its store`, signal }),
    // Node's close waits for reads under way (fs documentation, filehandle.close).
    close: () => (closing ??= opened.file.close()),
  };
}
