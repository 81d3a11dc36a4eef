import { crc32c } from '@node-rs/crc32';

/** Returns the CRC32C of `bytes`, continuing from the CRC32C of the bytes before them. */
export function crc32cOf(bytes: Buffer, before = 0): number {
  return crc32c(bytes, before);
}

/** Encodes a CRC32C like Cloud Storage: big-endian, base64. */
export function encodeCrc32c(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}
