import type { Clock } from '../../../../common/runtime/clock';
import type { SpoolFile } from './spool';

/**
 * Bytes that trigger a write at once. Writes are large because each of them occupies a file thread.
 */
const WRITE_BYTES = 512 * 1024;
/** Number of chunks that triggers a write, for upstreams that send very small chunks. */
const WRITE_CHUNKS = 256;
/**
 * Milliseconds after which a write starts, so that readers of a slow upstream see its bytes soon.
 */
const WRITE_AFTER_MS = 5;
/** Most bytes that are buffered while the disk is busy. Beyond that, the upstream waits. */
const HOLD_BYTES = 1024 * 1024;

/**
 * Collects the chunks of an upstream into large writes to the spool, one at a time. Buffers at most
 * the current write plus 1 MiB and one chunk. Only the disk slows it down, never a reader or the
 * store.
 */
export class SpoolWriter {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private writtenBytes = 0;
  /** Never rejects. */
  private writing: Promise<void> | undefined;
  private failure: unknown;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly file: SpoolFile,
    private readonly clock: Clock,
    private readonly onWritten: (totalBytes: number) => void,
  ) {}

  /**
   * Takes the next bytes. Returns a promise if the caller must wait before the next call. Throws
   * the error of the spool.
   */
  push(chunk: Buffer): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure;
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    this.writeWhenDue();
    return this.pendingBytes >= HOLD_BYTES ? this.room() : undefined;
  }

  /** Resolves when all pushed bytes are in the file. Throws the error of the spool. */
  async flush(): Promise<void> {
    while (this.failure === undefined && (this.writing !== undefined || this.pendingBytes > 0)) {
      await (this.writing ?? this.write());
    }
    if (this.failure !== undefined) throw this.failure;
  }

  /** Discards the unwritten bytes and waits for the current write. */
  async stop(): Promise<void> {
    this.cancelTimer?.();
    this.pending = [];
    this.pendingBytes = 0;
    await this.writing;
  }

  private async room(): Promise<void> {
    await this.writing;
    if (this.failure !== undefined) throw this.failure;
  }

  private writeWhenDue(): void {
    if (this.writing !== undefined || this.pendingBytes === 0 || this.failure !== undefined) return;
    // The first bytes are written at once: most blobs of an image are small, and a reader waits for
    // the first byte.
    if (this.writtenBytes === 0 || this.pendingBytes >= WRITE_BYTES || this.pending.length >= WRITE_CHUNKS) {
      void this.write();
    } else {
      this.cancelTimer ??= this.clock.after(WRITE_AFTER_MS, () => {
        this.cancelTimer = undefined;
        if (this.writing === undefined && this.pendingBytes > 0) void this.write();
      });
    }
  }

  private write(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const batch = this.pending;
    const bytes = this.pendingBytes;
    this.pending = [];
    this.pendingBytes = 0;
    this.writing = this.file
      .append(batch)
      .then(
        () => {
          this.writtenBytes += bytes;
          this.onWritten(this.writtenBytes);
        },
        (error: unknown) => {
          this.failure = error;
        },
      )
      .then(() => {
        this.writing = undefined;
        this.writeWhenDue();
      });
    return this.writing;
  }
}
