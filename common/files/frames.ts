import { crc32 } from 'node:zlib';

/** Size of a frame header: length (4 bytes, little-endian) and CRC-32 (4 bytes) of the payload. */
export const FRAME_HEADER_BYTES = 8;

/** Largest payload in bytes. A longer length in a file header means that the file is damaged. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** Result of decoding the start of a buffer. */
export interface DecodedFrames {
  readonly payloads: readonly Buffer[];
  /** Size in bytes of the decoded frames, including headers. */
  readonly consumed: number;
  /**
   * True if the bytes after `consumed` are not a frame. False if the input ends there or inside a
   * frame.
   */
  readonly damaged: boolean;
  /**
   * Size in bytes of the next frame, including its header, if the input contains only a part of it;
   * otherwise 0.
   */
  readonly wanted: number;
}

/**
 * Returns a payload with its header, ready to be written to a file. Throws a RangeError if the
 * payload is empty or larger than {@link MAX_PAYLOAD_BYTES}.
 */
export function encodeFrame(payload: Buffer): Buffer {
  if (payload.length === 0 || payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`A frame holds 1 to ${MAX_PAYLOAD_BYTES} bytes, not ${payload.length}.`);
  }
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Decodes up to `limit` frames from the start of `bytes`. The payloads share memory with `bytes`.
 */
export function decodeFrames(bytes: Buffer, limit = Number.POSITIVE_INFINITY): DecodedFrames {
  const payloads: Buffer[] = [];
  let offset = 0;
  while (payloads.length < limit && bytes.length - offset >= FRAME_HEADER_BYTES) {
    const length = bytes.readUInt32LE(offset);
    if (length === 0 || length > MAX_PAYLOAD_BYTES) return { payloads, consumed: offset, damaged: true, wanted: 0 };
    const end = offset + FRAME_HEADER_BYTES + length;
    if (end > bytes.length) return { payloads, consumed: offset, damaged: false, wanted: end - offset };
    const payload = bytes.subarray(offset + FRAME_HEADER_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) {
      return { payloads, consumed: offset, damaged: true, wanted: 0 };
    }
    payloads.push(payload);
    offset = end;
  }
  const begun = payloads.length < limit && offset < bytes.length;
  return { payloads, consumed: offset, damaged: false, wanted: begun ? FRAME_HEADER_BYTES : 0 };
}
