import type { BufferPair } from '../../../../common/files/buffer-pool';

/**
 * Least room for a further read, in bytes. A smaller rest of a buffer is left unused, because every
 * read costs the same work.
 */
const LEAST_ROOM = 64 * 1024;

/** A buffer, and the part of it that has arrived and was not taken yet. */
interface Half {
  readonly buffer: Buffer;
  start: number;
  end: number;
  /** Whether bytes of it were taken last, and may still be used. */
  isLent: boolean;
}

/**
 * Two buffers between a socket and the consumer of its bytes: while the consumer uses bytes of one
 * of them, further bytes arrive in the other one. If the consumer is slow, it takes more at once.
 * Nothing is copied, and the memory is bounded.
 *
 * After each read, Node.js asks for the place of the next one (`onread` of net.connect), even if
 * reading then pauses. So a place that was given away stays reserved.
 */
export class ReadAhead {
  private readonly halves: readonly [Half, Half];
  private current = 0;
  private blocked = false;

  constructor([first, second]: BufferPair) {
    this.halves = [newHalf(first), newHalf(second)];
  }

  /** Place of the next read. While the buffers are full, reading must pause before it is used. */
  get room(): Buffer {
    const half = this.blocked ? this.other : this.filling;
    return this.blocked ? half.buffer : half.buffer.subarray(half.end);
  }

  /** Whether reading must pause until bytes are taken. */
  get isFull(): boolean {
    return this.blocked;
  }

  /** Number of bytes that can be taken. */
  get length(): number {
    return this.halves.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Notes that bytes arrived in the room. `isAwaited`: the consumer takes them at once. */
  arrived(bytes: number, isAwaited: boolean): void {
    const half = this.filling;
    half.end += bytes;
    const isUsedUp = half.buffer.length - half.end < Math.min(LEAST_ROOM, half.buffer.length);
    if (isFree(this.other)) {
      if (isUsedUp || isAwaited) this.switch();
    } else if (isUsedUp) this.blocked = true;
  }

  /**
   * Returns what has arrived, or undefined. The bytes are valid until the next call. The buffers
   * may not be full any more afterwards.
   */
  take(): Buffer | undefined {
    for (const half of this.halves) half.isLent = false;
    const half = isEmpty(this.other) ? this.filling : this.other;
    const chunk = isEmpty(half) ? undefined : half.buffer.subarray(half.start, half.end);
    half.start = half.end;
    half.isLent = chunk !== undefined;
    if (this.blocked && isFree(this.other)) {
      this.blocked = false;
      this.switch();
    }
    return chunk;
  }

  private get filling(): Half {
    return this.halves[this.current]!;
  }

  private get other(): Half {
    return this.halves[1 - this.current]!;
  }

  private switch(): void {
    this.current = 1 - this.current;
    this.filling.start = this.filling.end = 0;
  }
}

function newHalf(buffer: Buffer): Half {
  return { buffer, start: 0, end: 0, isLent: false };
}

function isEmpty({ start, end }: Half): boolean {
  return start === end;
}

function isFree(half: Half): boolean {
  return isEmpty(half) && !half.isLent;
}
