import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';

// O_NONBLOCK: opening a pipe that stands where a blob should be must not hang.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens the file that a data plane names, for reading. Undefined where it can't be used from here: another mount or user (the edge may be in another container),
 * gone already, no regular file, or shorter than `readable` bytes. The bytes stay readable through the handle whatever becomes of the path.
 */
export async function openLocalFile(path: string, readable: number): Promise<FileHandle | undefined> {
  if (!isAbsolute(path)) return undefined;
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch {
    // Whatever the reason, the same bytes can come over the call.
    return undefined;
  }
  try {
    const { size, isFile } = await stat(file);
    if (isFile && size >= readable) return file;
  } catch {
    // As above.
  }
  await file.close();
  return undefined;
}

async function stat(file: FileHandle): Promise<{ size: number; isFile: boolean }> {
  const stats = await file.stat();
  return { size: stats.size, isFile: stats.isFile() };
}
