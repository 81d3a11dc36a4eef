import type { FileHandle } from 'node:fs/promises';
import type { BodyWriter } from './body-writer';
import type { BufferLease } from './buffer-pool';
import type { FileGrowth } from './file-growth';

/**
 * Sends bytes [from, to) of a file, as far and as soon as it may be read: one buffer is filled
 * while the other is written (docs/design/delivery.md#local-file), so neither disk nor client waits
 * for more than one buffer. False where the file could not be read although it should be: what was
 * sent is good, the rest must come from elsewhere. Rejects with what the fill or the client brought
 * about. Gives the buffers back.
 */
export async function sendLocalFile(
  file: FileHandle,
  growth: FileGrowth,
  from: number,
  to: number,
  out: BodyWriter,
  lease: BufferLease,
): Promise<boolean> {
  let position = from;
  let turn = 0;
  let written: Promise<void> | undefined;
  let idle = false;
  try {
    while (position < to) {
      if (growth.available <= position) await untilGrown(growth, position, () => written);
      const buffer = lease.buffers[turn]!;
      turn = 1 - turn;
      const wanted = Math.min(growth.available, to) - position;
      const count = await readInto(file, buffer, Math.min(wanted, buffer.length), position);
      if (count === 0) break;
      position += count;
      await written;
      written = out.write(buffer.subarray(0, count));
      // Awaited a turn later; until then a rejection must not count as unhandled.
      written.catch(() => undefined);
    }
    await written;
    idle = true;
    return position === to;
  } finally {
    lease.release(idle);
  }
}

/** A fill that fails says so once what was read is out: whoever goes on with the rest from elsewhere writes after that. */
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

/** Bytes read; 0 at the end of the file and for an error of the disk alike. */
async function readInto(file: FileHandle, buffer: Buffer, length: number, position: number): Promise<number> {
  try {
    return (await file.read(buffer, 0, length, position)).bytesRead;
  } catch {
    return 0;
  }
}
