import type { FileHandle } from 'node:fs/promises';

/** Writes all of `bytes` at `position`, with several writes if necessary. Throws system errors. */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
