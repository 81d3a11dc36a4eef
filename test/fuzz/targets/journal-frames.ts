import * as fc from 'fast-check';
import { findRecordFrame, RECORD_HEADER_BYTES, writeRecordFrame } from '../../../data-plane/src/journal/record-frames';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure } from './support';

const MARKER = '\xf5\xfaR2';

/** Returns a frame with a payload. */
function frameOf(sequence: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(RECORD_HEADER_BYTES + payload.length);
  writeRecordFrame(frame, 0, sequence, payload);
  return frame;
}

const WORDS = [MARKER, MARKER.slice(0, 2), frameOf(1, Buffer.from('one')).toString('latin1'), '\x00\x00\x00\x00'];

/**
 * A segment of the journal. Whatever its bytes are, the frames that are found are inside it, in
 * order, and as they were written; and frames between any damaged bytes are found.
 */
export const journalFramesTarget: FuzzTarget = {
  name: 'journal-frames',
  sources: ['data-plane/src/journal/record-frames'],
  maxBytes: 16 * 1024,
  words: WORDS,
  inputs: fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes)),
        fc.uint8Array({ minLength: 1, maxLength: 24 }).map((bytes) => frameOf(bytes.length, Buffer.from(bytes))),
        fc.constant(Buffer.from(MARKER, 'latin1')),
      ),
      { maxLength: 6 },
    )
    .map((parts) => Buffer.concat(parts)),
  run(input) {
    const found = framesIn(input);
    const written = [frameOf(7, Buffer.from('first')), frameOf(2 ** 47, Buffer.from([0xf5]))];
    const between = Buffer.concat([input, written[0]!, input, written[1]!, input]);
    const texts = framesIn(between).map((frame) => frame.toString('latin1'));
    for (const frame of written) ensure(texts.includes(frame.toString('latin1')), 'A frame is lost');
    ensure(texts.length <= 3 * found.length + 2 + 3, `${texts.length} frames are found`);
  },
};

/** Returns the bytes of all frames. Throws if one is not as it was written. */
function framesIn(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  let from = 0;
  for (let frame = findRecordFrame(bytes, 0); frame !== undefined; frame = findRecordFrame(bytes, from)) {
    ensure(frame.start >= from && frame.end > frame.start && frame.end <= bytes.length, 'A frame is out of place');
    const same = frameOf(frame.sequence, frame.payload).equals(bytes.subarray(frame.start, frame.end));
    ensure(same, 'A frame is not as it was written');
    frames.push(bytes.subarray(frame.start, frame.end));
    from = frame.end;
  }
  return frames;
}
