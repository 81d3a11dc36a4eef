import { decodeFrames, FRAME_HEADER_BYTES } from '../../../common/files/frames';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';
import type { RecordCodec } from './record-codec';
import type { DamagedPart, SegmentContent, StoredRecord } from './segment-content';

/**
 * The start of every record of the earlier format. It cannot occur elsewhere: quotes within JSON
 * texts are escaped.
 */
const RECORD_START = Buffer.from('{"id":"');

/**
 * Reads segments of the earlier format, in which a record is a frame of common/files/frames.ts with
 * JSON. Such frames have no numbers.
 */
export class JsonContent implements SegmentContent {
  private readonly frames: readonly Buffer[];
  private readonly intactBefore: number;
  private damage: DamagedPart[];
  private index = 0;

  /**
   * `first` and `end` are the numbers of the first record and after the last one. `end` is
   * undefined for the last segment of an earlier process. Records after damage are numbered from
   * the end, so none gets a lower number than it had: a lower one could count as delivered.
   */
  constructor(
    private readonly bytes: Buffer,
    private readonly first: number,
    private readonly end: number | undefined,
    private readonly codec: RecordCodec,
  ) {
    const { frames, damage, intactBefore } = scan(bytes);
    this.frames = frames;
    this.damage = damage;
    this.intactBefore = intactBefore;
  }

  get offset(): number {
    const last = this.frames[this.index - 1];
    return last === undefined ? 0 : last.byteOffset - this.bytes.byteOffset + last.length;
  }

  next(): StoredRecord | undefined {
    while (this.index < this.frames.length) {
      const index = this.index;
      const payload = this.encode(this.frames[index]!);
      this.index += 1;
      if (payload !== undefined) return { sequence: this.sequenceOf(index), payload };
    }
    return undefined;
  }

  takeDamage(): readonly DamagedPart[] {
    const damage = this.damage;
    this.damage = [];
    return damage;
  }

  private sequenceOf(index: number): number {
    if (index < this.intactBefore || this.end === undefined) return this.first + index;
    return this.end - (this.frames.length - index);
  }

  private encode(json: Buffer): Buffer | undefined {
    try {
      return this.codec.encode(JSON.parse(json.toString('utf8')) as PullRecord);
    } catch {
      this.damage.push({ offset: json.byteOffset - this.bytes.byteOffset, bytes: json });
      return undefined;
    }
  }
}

interface ScannedSegment {
  readonly frames: readonly Buffer[];
  readonly damage: DamagedPart[];
  /** Number of frames before the first damage. */
  readonly intactBefore: number;
}

function scan(bytes: Buffer): ScannedSegment {
  const frames: Buffer[] = [];
  const damage: DamagedPart[] = [];
  let intactBefore: number | undefined;
  for (let offset = 0; offset < bytes.length;) {
    const run = decodeFrames(bytes.subarray(offset));
    for (const payload of run.payloads) frames.push(payload);
    offset += run.consumed;
    if (offset === bytes.length) break;
    intactBefore ??= frames.length;
    const next = findJsonFrame(bytes, offset + 1);
    damage.push({ offset, bytes: bytes.subarray(offset, next) });
    offset = next;
  }
  return { frames, damage, intactBefore: intactBefore ?? frames.length };
}

/** Returns the offset of the first intact frame at or after `from`, or the end of the bytes. */
function findJsonFrame(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(RECORD_START, from + FRAME_HEADER_BYTES);
  for (; at !== -1; at = bytes.indexOf(RECORD_START, at + 1)) {
    const start = at - FRAME_HEADER_BYTES;
    if (decodeFrames(bytes.subarray(start), 1).payloads.length === 1) return start;
  }
  return bytes.length;
}
