import type { Clock } from '../../../../common/runtime/clock';
import type { SpoolFile } from './spool';

/** Written at once when that much has come: large writes, because each costs a turn of a file thread. */
const WRITE_BYTES = 512 * 1024;
/** Or that many chunks, from an upstream that sends crumbs. */
const WRITE_CHUNKS = 256;
/** Or after so many milliseconds, so that readers of a slow upstream see what it sends. */
const WRITE_AFTER_MS = 5;
/** Most that is held while the disk is busy; then upstream waits. */
const HOLD_BYTES = 1024 * 1024;

/**
 * Gathers the chunks of an upstream into large writes to the spool, one at a time.
 * Holds at most what is being written plus 1 MiB and a chunk. Only the disk slows it, never a reader, and never the store.
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

  /** Takes the next bytes. Gives a promise where the caller must wait before the next call; throws what the spool threw. */
  push(chunk: Buffer): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure;
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    this.writeWhenDue();
    return this.pendingBytes >= HOLD_BYTES ? this.room() : undefined;
  }

  /** Resolves when everything pushed is in the file; throws what the spool threw. */
  async flush(): Promise<void> {
    while (this.failure === undefined && (this.writing !== undefined || this.pendingBytes > 0)) {
      await (this.writing ?? this.write());
    }
    if (this.failure !== undefined) throw this.failure;
  }

  /** Drops what is not written yet and waits for the write under way. */
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
    // The very first bytes don't wait: most blobs of an image are small, and a reader waits for its first byte.
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
