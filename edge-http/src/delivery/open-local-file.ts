import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';

// O_NONBLOCK: opening must not hang if the path is a named pipe.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens the file that a data plane names, for reading. Returns undefined if the file cannot be
 * used: it is on another mount or belongs to another user (the edge may run in another container),
 * is already deleted, is not a regular file, or is shorter than `readable` bytes. The bytes stay
 * readable through the handle, whatever happens to the path.
 */
export async function openLocalFile(path: string, readable: number): Promise<FileHandle | undefined> {
  if (!isAbsolute(path)) return undefined;
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch {
    // For any error, the same bytes can come over the call.
    return undefined;
  }
  try {
    const { size, isFile } = await stat(file);
    if (isFile && size >= readable) return file;
  } catch {
    // The same applies here.
  }
  await file.close();
  return undefined;
}

async function stat(file: FileHandle): Promise<{ size: number; isFile: boolean }> {
  const stats = await file.stat();
  return { size: stats.size, isFile: stats.isFile() };
}
