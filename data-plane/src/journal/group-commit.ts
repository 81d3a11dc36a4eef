import type { SegmentLog } from './segment-log';

/** Maximum size of one write; further records wait for the next group. */
const GROUP_BYTES = 1024 * 1024;

/** A group of records after its write. */
export interface WrittenGroup {
  /** Time of its first record, in milliseconds since the epoch. */
  readonly at: number;
  /** Number of records that were appended with `mayDrop`. */
  readonly droppable: number;
  /** Number of the first record of the group; undefined if the write failed. */
  readonly first: number | undefined;
  /** Why the write failed. */
  readonly failure: unknown;
}

/** The place of a record in its group. */
export interface Appended {
  /** Position in the group. */
  readonly index: number;
  /** Resolves after the write, also if it failed. All records of a group share it. */
  readonly written: Promise<WrittenGroup>;
  /** The same without the result. */
  readonly settled: Promise<void>;
}

interface Group {
  readonly at: number;
  readonly payloads: Buffer[];
  bytes: number;
  droppable: number;
  readonly written: Promise<WrittenGroup>;
  readonly settled: Promise<void>;
  readonly resolve: (written: WrittenGroup) => void;
}

/**
 * Combines many appends into one write and one sync: the appends of one turn of the event loop, and
 * those that arrive during a write, form a group.
 */
export class GroupCommit {
  private readonly waiting: Group[] = [];
  private pendingRecords = 0;
  private bytes = 0;
  private running: Promise<void> | undefined;
  private closed = false;

  /** `onWritten` is called after the write of every group, before its promises resolve. */
  constructor(
    private readonly log: Pick<SegmentLog, 'append'>,
    private readonly onWritten: (written: WrittenGroup) => void,
  ) {}

  /** Number of records that are not on disk yet. */
  get pending(): number {
    return this.pendingRecords;
  }

  /** Size of these records, in bytes. */
  get pendingBytes(): number {
    return this.bytes;
  }

  /**
   * Appends a record with the time `at`, in milliseconds since the epoch. `mayDrop` is only
   * counted. Throws an Error after close.
   */
  append(payload: Buffer, at: number, mayDrop: boolean): Appended {
    if (this.closed) throw new Error('the pull journal is closed');
    const group = this.groupFor(payload.length, at);
    const index = group.payloads.push(payload) - 1;
    group.bytes += payload.length;
    if (mayDrop) group.droppable += 1;
    this.pendingRecords += 1;
    this.bytes += payload.length;
    this.running ??= this.run();
    return { index, written: group.written, settled: group.settled };
  }

  /** Waits for running appends; later appends fail. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private groupFor(bytes: number, at: number): Group {
    const last = this.waiting.at(-1);
    if (last !== undefined && last.bytes + bytes <= GROUP_BYTES) return last;
    const group = newGroup(at);
    this.waiting.push(group);
    return group;
  }

  private async run(): Promise<void> {
    // The appends of this turn of the event loop share the first write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let group = this.waiting.shift(); group !== undefined; group = this.waiting.shift()) {
      const written = await this.write(group);
      this.pendingRecords -= group.payloads.length;
      this.bytes -= group.bytes;
      this.onWritten(written);
      group.resolve(written);
    }
    this.running = undefined;
  }

  private async write({ at, payloads, droppable }: Group): Promise<WrittenGroup> {
    try {
      return { at, droppable, first: await this.log.append(payloads), failure: undefined };
    } catch (failure) {
      return { at, droppable, first: undefined, failure };
    }
  }
}

function newGroup(at: number): Group {
  let resolve!: (written: WrittenGroup) => void;
  const written = new Promise<WrittenGroup>((done) => {
    resolve = done;
  });
  const settled = written.then(() => undefined);
  return { at, payloads: [], bytes: 0, droppable: 0, written, settled, resolve };
}
