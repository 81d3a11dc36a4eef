const KIB = 1024;

/** Buffer sizes, and up to how many open leases each is handed out: more readers at once get smaller buffers. */
const CLASSES: readonly { readonly bytes: number; readonly upTo: number }[] = [
  { bytes: 512 * KIB, upTo: 64 },
  { bytes: 128 * KIB, upTo: 256 },
  { bytes: 64 * KIB, upTo: Infinity },
];

/** Free buffers that are kept for the next reader, in bytes over all sizes. */
const KEPT_BYTES = 32 * KIB * KIB;

/** Two buffers of one size, of one reader. Give it back once; never touch the buffers afterwards. */
export interface BufferLease {
  readonly buffers: readonly [Buffer, Buffer];
  /** `idle`: no read into and no write from the buffers is under way. Otherwise they are left to the garbage collector. */
  release(idle: boolean): void;
}

/**
 * Buffers for reading files. Nothing is allocated per chunk; memory is bounded by the number of
 * readers: 64 with 1 MiB each, the next 192 with 256 KiB, all others with 128 KiB (200 readers: 98
 * MiB; docs/design/delivery.md#memory).
 */
export class BufferPool {
  private readonly free = new Map<number, Buffer[]>();
  private keptBytes = 0;
  private open = 0;

  /** Buffers for `wanted` bytes: never larger than what is needed for them. */
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
