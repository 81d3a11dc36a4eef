import { crc32c } from '@node-rs/crc32';

/** CRC32C of `bytes`, going on from that of the bytes before them. */
export function crc32cOf(bytes: Buffer, before = 0): number {
  return crc32c(bytes, before);
}

/** As Cloud Storage writes it: big-endian, base64. */
export function encodeCrc32c(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}
