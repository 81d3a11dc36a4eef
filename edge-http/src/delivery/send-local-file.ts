import type { FileHandle } from 'node:fs/promises';
import type { BodyWriter } from './body-writer';
import type { BufferLease } from './buffer-pool';
import type { FileGrowth } from './file-growth';

/**
 * Sends bytes [from, to) of a file as soon as they may be read. With two buffers, fills one while
 * the other is written (docs/design/delivery.md#local-file), so that neither disk nor client waits
 * for more than one buffer. Returns false if the file could not be read; the bytes sent so far are
 * valid, and the rest must come from elsewhere. Rejects with the error of the fill or the client.
 * Releases the buffers.
 */
export async function sendLocalFile(
  file: FileHandle,
  growth: FileGrowth,
  from: number,
  to: number,
  out: BodyWriter,
  lease: BufferLease,
): Promise<boolean> {
  const { buffers } = lease;
  let position = from;
  let turn = 0;
  let written: Promise<void> | undefined;
  let idle = false;
  try {
    while (position < to) {
      if (growth.available <= position) await untilGrown(growth, position, () => written);
      const buffer = buffers[turn]!;
      turn = (turn + 1) % buffers.length;
      // The only buffer is in use until its bytes are written.
      if (buffers.length === 1) await written;
      const wanted = Math.min(growth.available, to) - position;
      const count = await readInto(file, buffer, Math.min(wanted, buffer.length), position);
      if (count === 0) break;
      position += count;
      await written;
      written = out.write(buffer.subarray(0, count));
      // Awaited in the next round. Until then, a rejection must not count as unhandled.
      written.catch(() => undefined);
    }
    await written;
    idle = true;
    return position === to;
  } finally {
    lease.release(idle);
  }
}

/**
 * Waits until the file has grown. If the fill fails, first waits for the last write, because
 * another supply may continue after it.
 */
async function untilGrown(
  growth: FileGrowth,
  position: number,
  lastWrite: () => Promise<void> | undefined,
): Promise<void> {
  try {
    await growth.beyond(position);
  } catch (failure) {
    await lastWrite();
    throw failure;
  }
}

/** Returns the number of bytes read; 0 at the end of the file and for a disk error. */
async function readInto(file: FileHandle, buffer: Buffer, length: number, position: number): Promise<number> {
  try {
    return (await file.read(buffer, 0, length, position)).bytesRead;
  } catch {
    return 0;
  }
}
