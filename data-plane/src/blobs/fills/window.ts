/**
 * Most bytes that a window holds before the upstream waits, plus one chunk of the upstream. Larger
 * than the withheld tail, so that the reader can always take something.
 */
const WINDOW_BYTES = 1024 * 1024;

/**
 * Chunks of fewer bytes are copied together. An upstream could otherwise send single bytes, and
 * each of them would cost a buffer.
 */
const SMALL_BYTES = 4 * 1024;
/** Size of the buffers into which small chunks are copied. */
const COPY_BYTES = 64 * 1024;

/** Bytes between an upstream and one reader, in memory. The reader's pace slows the upstream. */
export class MemoryWindow {
  private readonly chunks: Buffer[] = [];
  private heldBytes = 0;
  private start = 0;
  /** The unused rest of the buffer for small chunks. */
  private free = Buffer.alloc(0);
  private wake: (() => void) | undefined;

  /** `onPushed` receives the number of all pushed bytes. */
  constructor(private readonly onPushed: (totalBytes: number) => void) {}

  /** Offset in the blob of the first held byte. */
  get offset(): number {
    return this.start;
  }

  /** Takes a chunk from the upstream. Returns a promise if the upstream must wait. */
  push(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length < SMALL_BYTES) this.copy(chunk);
    else this.chunks.push(chunk);
    this.heldBytes += chunk.length;
    this.onPushed(this.start + this.heldBytes);
    if (this.heldBytes < WINDOW_BYTES) return undefined;
    return new Promise((resolve) => (this.wake = resolve));
  }

  /** Resolves at once: every pushed byte is already readable. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Removes and returns the next bytes, at most `maxBytes` (at least 1), which must be held. */
  take(maxBytes: number): Buffer {
    const first = this.chunks.shift()!;
    const taken = first.subarray(0, maxBytes);
    if (taken.length < first.length) this.chunks.unshift(first.subarray(taken.length));
    this.heldBytes -= taken.length;
    this.start += taken.length;
    if (this.heldBytes < WINDOW_BYTES) this.release();
    return taken;
  }

  /** Drops everything and lets the upstream continue, so that it notices its end. */
  clear(): void {
    this.chunks.length = 0;
    this.heldBytes = 0;
    this.release();
  }

  private copy(chunk: Buffer): void {
    if (this.free.length < chunk.length) this.free = Buffer.allocUnsafeSlow(COPY_BYTES);
    chunk.copy(this.free);
    const { buffer, byteOffset } = this.free;
    this.free = this.free.subarray(chunk.length);
    const last = this.chunks.at(-1);
    if (last?.buffer === buffer && last.byteOffset + last.length === byteOffset)
      this.chunks[this.chunks.length - 1] = Buffer.from(buffer, last.byteOffset, last.length + chunk.length);
    else this.chunks.push(Buffer.from(buffer, byteOffset, chunk.length));
  }

  private release(): void {
    this.wake?.();
    this.wake = undefined;
  }
}
