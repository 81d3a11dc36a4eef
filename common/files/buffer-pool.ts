const KIB = 1024;

/**
 * Buffer sizes, each with the number of open leases up to which it is used. More concurrent readers
 * get smaller buffers.
 */
const CLASSES: readonly { readonly bytes: number; readonly upTo: number }[] = [
  { bytes: 512 * KIB, upTo: 64 },
  { bytes: 128 * KIB, upTo: 256 },
  { bytes: 64 * KIB, upTo: Infinity },
];

/** Maximum number of bytes in free buffers that are kept for later leases. */
const KEPT_BYTES = 32 * KIB * KIB;

/** Two buffers that are used in turn: one is filled while the other one is sent. */
export type BufferPair = readonly [Buffer, Buffer];

/**
 * Two buffers of the same size for one reader. Release the lease once and do not use the buffers
 * afterwards.
 */
export interface BufferLease {
  readonly buffers: BufferPair;
  /**
   * Returns the buffers. `idle` must be true only if no read or write uses them; otherwise they are
   * left to the garbage collector.
   */
  release(idle: boolean): void;
}

/**
 * Pool of buffers for the bytes of blobs. Nothing is allocated per chunk. Memory is limited per
 * reader: 64 readers get 1 MiB each, the next 192 get 256 KiB, and all others 128 KiB (98 MiB for
 * 200 readers; docs/design/delivery.md#memory).
 */
export class BufferPool {
  private readonly free = new Map<number, Buffer[]>();
  private keptBytes = 0;
  private open = 0;

  /** Leases buffers for `wanted` bytes. They are never larger than needed. */
  lease(wanted: number): BufferLease {
    this.open += 1;
    const allowed = CLASSES.find(({ upTo }) => this.open <= upTo)!.bytes;
    const bytes = CLASSES.findLast((size) => size.bytes >= Math.min(wanted, allowed))!.bytes;
    const buffers = [this.take(bytes), this.take(bytes)] as const;
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
