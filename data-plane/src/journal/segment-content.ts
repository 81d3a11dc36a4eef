import { findRecordFrame, readRecordFrame } from './record-frames';

/** A record of a segment. */
export interface StoredRecord {
  /** Number of the record in the journal. */
  readonly sequence: number;
  /** The bytes of the record; see RecordCodec. */
  readonly payload: Buffer;
}

/** Bytes of a segment that are not a record. */
export interface DamagedPart {
  /** Offset of the first byte in the file. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The records in the bytes of a segment, oldest first. */
export interface SegmentContent {
  /** Offset in the file of the byte after the last record that was returned. */
  readonly offset: number;
  /**
   * Returns the next record, or undefined at the end. Bytes that are not a record are skipped: the
   * next intact one follows. Zeros at the end are no damage.
   */
  next(): StoredRecord | undefined;
  /** Returns the parts that were skipped since the last call, each once. */
  takeDamage(): readonly DamagedPart[];
}

/** Reads segments of the present format; see record-frames.ts. */
export class FramedContent implements SegmentContent {
  private position = 0;
  private damage: DamagedPart[] = [];

  /** `bytes` start at `startsAt` of the file, at the start of a frame or at damage. */
  constructor(
    private readonly bytes: Buffer,
    private readonly startsAt = 0,
  ) {}

  get offset(): number {
    return this.startsAt + this.position;
  }

  next(): StoredRecord | undefined {
    if (this.position === this.bytes.length) return undefined;
    const frame = readRecordFrame(this.bytes, this.position) ?? findRecordFrame(this.bytes, this.position + 1);
    const start = frame?.start ?? lengthWithoutZeros(this.bytes, this.position);
    if (start > this.position) {
      this.damage.push({ offset: this.offset, bytes: this.bytes.subarray(this.position, start) });
    }
    this.position = frame?.end ?? this.bytes.length;
    return frame;
  }

  takeDamage(): readonly DamagedPart[] {
    const damage = this.damage;
    this.damage = [];
    return damage;
  }
}

const ZEROS = Buffer.alloc(4096);

/**
 * Returns the length of the bytes without the zeros at their end, at least `from`. Files are
 * allocated with zeros before records are written to them.
 */
function lengthWithoutZeros(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end - from >= ZEROS.length && bytes.subarray(end - ZEROS.length, end).equals(ZEROS)) end -= ZEROS.length;
  while (end > from && bytes[end - 1] === 0) end -= 1;
  return end;
}
