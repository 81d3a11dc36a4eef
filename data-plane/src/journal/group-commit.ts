import type { SegmentLog } from './segment-log';

/** Maximum size of one write; further frames wait for the next group. */
const GROUP_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly frame: Buffer;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Combines many appends into one sync: appends that arrive during a write form the next group. A
 * single append is written at once, so its latency is that of one sync.
 */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private writing = 0;
  private bytes = 0;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly log: SegmentLog) {}

  /** Number of records that are not on disk yet. */
  get pending(): number {
    return this.waiting.length + this.writing;
  }

  /** Size of these records, in bytes. */
  get pendingBytes(): number {
    return this.bytes;
  }

  /**
   * Resolves with the number of the record when it is on disk. Throws file system errors, or an
   * Error after close.
   */
  append(frame: Buffer): Promise<number> {
    if (this.closed) return Promise.reject(new Error('the pull journal is closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ frame, resolve, reject });
      this.bytes += frame.length;
      this.running ??= this.run();
    });
  }

  /** Waits for running appends; later appends fail. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // Appends of the same turn of the event loop share the first write.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.writeGroup(this.takeGroup());
    this.running = undefined;
  }

  private takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.waiting.length && (count === 0 || bytes + this.waiting[count]!.frame.length <= GROUP_BYTES)) {
      bytes += this.waiting[count]!.frame.length;
      count += 1;
    }
    const group = this.waiting.splice(0, count);
    this.writing = group.length;
    return group;
  }

  private async writeGroup(group: readonly Waiting[]): Promise<void> {
    const first = this.log.nextSequence;
    let failure: { readonly error: unknown } | undefined;
    try {
      await this.log.append(group.map(({ frame }) => frame));
    } catch (error) {
      failure = { error };
    }
    this.writing = 0;
    for (const [index, one] of group.entries()) {
      this.bytes -= one.frame.length;
      if (failure === undefined) one.resolve(first + index);
      else one.reject(failure.error);
    }
  }
}
