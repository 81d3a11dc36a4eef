import { crc32 } from 'node:zlib';

/**
 * The first bytes of every frame; a search for them finds the next frame after damaged bytes. Two
 * of them never occur in UTF-8, so no text of a client looks like the start of a frame. The last
 * one is the version of the format.
 */
const MARKER = Buffer.from([0xf5, 0xfa, 0x52, 0x32]);
const MARKER_NUMBER = MARKER.readUInt32LE(0);

/** Offsets of the fields after the marker. All numbers are little-endian. */
const CHECKSUM_AT = 4;
const LENGTH_AT = 8;
const SEQUENCE_AT = 12;
const SEQUENCE_BYTES = 6;

/**
 * Size of a frame without its payload, in bytes: marker (4), CRC-32 of everything after it (4),
 * length of the payload (4) and number of the record (6).
 */
export const RECORD_HEADER_BYTES = SEQUENCE_AT + SEQUENCE_BYTES;

/** Largest record in bytes. A longer length in a file means that the header is damaged. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** A record in the bytes of a segment. `payload` shares their memory. */
export interface RecordFrame {
  /** Number of the record in the journal. */
  readonly sequence: number;
  readonly payload: Buffer;
  /** Offset of the first byte of the frame. */
  readonly start: number;
  /** Offset of the first byte after the frame. */
  readonly end: number;
}

/**
 * Writes a frame at an offset of `target`, which has room for it. Returns the offset of its end.
 */
export function writeRecordFrame(target: Buffer, start: number, sequence: number, payload: Buffer): number {
  const end = start + RECORD_HEADER_BYTES + payload.length;
  target.writeUInt32LE(MARKER_NUMBER, start);
  target.writeUInt32LE(payload.length, start + LENGTH_AT);
  target.writeUIntLE(sequence, start + SEQUENCE_AT, SEQUENCE_BYTES);
  target.set(payload, start + RECORD_HEADER_BYTES);
  target.writeUInt32LE(crc32(target.subarray(start + LENGTH_AT, end)), start + CHECKSUM_AT);
  return end;
}

/** Returns the frame that starts at an offset, or undefined if no intact frame starts there. */
export function readRecordFrame(bytes: Buffer, start: number): RecordFrame | undefined {
  const payloadAt = start + RECORD_HEADER_BYTES;
  if (payloadAt >= bytes.length || bytes.readUInt32LE(start) !== MARKER_NUMBER) return undefined;
  const length = bytes.readUInt32LE(start + LENGTH_AT);
  const end = payloadAt + length;
  if (length === 0 || length > MAX_RECORD_BYTES || end > bytes.length) return undefined;
  if (crc32(bytes.subarray(start + LENGTH_AT, end)) !== bytes.readUInt32LE(start + CHECKSUM_AT)) return undefined;
  const sequence = bytes.readUIntLE(start + SEQUENCE_AT, SEQUENCE_BYTES);
  return { sequence, payload: bytes.subarray(payloadAt, end), start, end };
}

/** Returns the first intact frame that starts at or after an offset, or undefined. */
export function findRecordFrame(bytes: Buffer, from: number): RecordFrame | undefined {
  for (let start = bytes.indexOf(MARKER, from); start !== -1; start = bytes.indexOf(MARKER, start + 1)) {
    const frame = readRecordFrame(bytes, start);
    if (frame !== undefined) return frame;
  }
  return undefined;
}
