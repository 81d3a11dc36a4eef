const KIB = 1024;

/**
 * Buffers of one reader, each with the number of open leases up to which it is used. More
 * concurrent readers get fewer and smaller buffers. One large buffer costs less processor time than
 * two small ones (docs/performance.md#warm-blobs).
 */
const CLASSES: readonly { readonly count: 1 | 2; readonly bytes: number; readonly upTo: number }[] = [
  { count: 2, bytes: 512 * KIB, upTo: 16 },
  { count: 1, bytes: 512 * KIB, upTo: 160 },
  { count: 1, bytes: 256 * KIB, upTo: 200 },
  { count: 1, bytes: 128 * KIB, upTo: Infinity },
];

/** Sizes of buffers for reads that need less. */
const SMALLER: readonly number[] = [256 * KIB, 128 * KIB, 64 * KIB];

/** Maximum number of bytes in free buffers that are kept for later leases. */
const KEPT_BYTES = 32 * KIB * KIB;

/**
 * One or two buffers of the same size for one reader. Release the lease once and do not use the
 * buffers afterwards.
 */
export interface BufferLease {
  readonly buffers: readonly [Buffer] | readonly [Buffer, Buffer];
  /**
   * Returns the buffers. `idle` must be true only if no read or write uses them; otherwise they are
   * left to the garbage collector.
   */
  release(idle: boolean): void;
}

/**
 * Pool of buffers for reading files. Nothing is allocated per chunk. Memory is limited per reader:
 * 16 readers get 1 MiB each, the next 144 get 512 KiB, the next 40 get 256 KiB, and all others
 * 128 KiB (98 MiB for 200 readers; docs/design/delivery.md#memory).
 */
export class BufferPool {
  private readonly free = new Map<number, Buffer[]>();
  private keptBytes = 0;
  private open = 0;

  /** Leases buffers for `wanted` bytes. They are never larger than needed. */
  lease(wanted: number): BufferLease {
    this.open += 1;
    const { count, bytes: allowed } = CLASSES.find(({ upTo }) => this.open <= upTo)!;
    const bytes = SMALLER.findLast((size) => size >= wanted && size < allowed) ?? allowed;
    const first = this.take(bytes);
    const buffers = count === 1 || wanted <= bytes ? ([first] as const) : ([first, this.take(bytes)] as const);
    let released = false;
    return {
      buffers,
      release: (idle) => {
        if (released) return;
        released = true;
        this.open -= 1;
        if (idle) for (const buffer of buffers) this.keep(buffer);
      },
    };
  }

  private take(bytes: number): Buffer {
    const buffer = this.free.get(bytes)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(bytes);
    this.keptBytes -= bytes;
    return buffer;
  }

  private keep(buffer: Buffer): void {
    if (this.keptBytes + buffer.length > KEPT_BYTES) return;
    this.keptBytes += buffer.length;
    const list = this.free.get(buffer.length);
    if (list === undefined) this.free.set(buffer.length, [buffer]);
    else list.push(buffer);
  }
}
