import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../../../common/files/durable-file';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { systemErrorCode } from '../store-error';

/** Content of the file. Times are in milliseconds since the epoch. */
interface SavedState {
  /** Whether a process uses the blobs. Still true at a start = the last process did not stop. */
  readonly isRunning: boolean;
  /** When the checks began for which every file was checked; at first, when the file was made. */
  readonly checkedSince: number;
  /** The pass over all files that has begun. */
  readonly pass: CheckPass | undefined;
  /** Whether files that the pass has not reached are suspect. */
  readonly isSuspect: boolean;
}

/** A pass over all files, in the order of their digests. */
interface CheckPass {
  readonly startedAt: number;
  /** The last digest that was checked, or ''. */
  readonly reached: string;
}

/** Where the state is kept, and its dependencies. */
export interface CheckStateOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How far the files of this host were checked (docs/design/fills.md#stored-bytes). It is kept in a
 * file, so that a restart goes on where the last process stopped. The file also says that a process
 * runs: if it still does at the next start, the last process was killed or the machine crashed, and
 * every file is suspect until it was checked. A file that cannot be read or written does not stop
 * the data plane.
 */
export class CheckState {
  private state: SavedState;

  private constructor(
    private readonly options: CheckStateOptions,
    saved: SavedState | undefined,
  ) {
    const now = options.clock.now();
    this.state = saved ?? {
      isRunning: false,
      checkedSince: now,
      pass: { startedAt: now, reached: '' },
      isSuspect: false,
    };
  }

  /** Reads the state, and notes durably that a process runs. Never throws. */
  static async open(options: CheckStateOptions): Promise<CheckState> {
    const { path, clock, logger } = options;
    let saved: SavedState | undefined;
    try {
      saved = parse(await readFile(path, 'utf8'));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') {
        logger.warn({ err: error }, 'The state of the checks of stored blobs cannot be read; all files are checked');
        saved = { isRunning: true, checkedSince: clock.now(), pass: undefined, isSuspect: true };
      }
    }
    const opened = new CheckState(options, saved);
    if (saved?.isRunning === true) {
      opened.suspectAll();
      logger.warn('The last run did not stop in an orderly way; stored blobs are checked before they are served');
    }
    opened.state = { ...opened.state, isRunning: true };
    await opened.save();
    return opened;
  }

  /** Whether a file must be checked before it is served. */
  isSuspect(digest: Digest): boolean {
    const { isSuspect, pass } = this.state;
    return isSuspect && digest > (pass?.reached ?? '');
  }

  /** Milliseconds since the checks began for which every file was checked. */
  get ageMs(): number {
    return Math.max(0, this.options.clock.now() - this.state.checkedSince);
  }

  /** Returns whether a pass is to be made: one has begun, or the last one began so long ago. */
  isDue(intervalMs: number): boolean {
    const { pass, checkedSince } = this.state;
    const age = this.options.clock.now() - checkedSince;
    // A negative age means that the clock was set back.
    return pass !== undefined || age >= intervalMs || age < 0;
  }

  /** Begins a pass, unless one has begun. Returns the digest after which it goes on. */
  begin(): string {
    const pass = this.state.pass ?? { startedAt: this.options.clock.now(), reached: '' };
    this.state = { ...this.state, pass };
    return pass.reached;
  }

  /** Notes that the pass has reached a digest. */
  reached(digest: Digest): void {
    const { pass } = this.state;
    if (pass !== undefined) this.state = { ...this.state, pass: { ...pass, reached: digest } };
  }

  /** Notes that the pass is complete: nothing is suspect any more. */
  complete(): void {
    const { pass, checkedSince } = this.state;
    this.state = { ...this.state, checkedSince: pass?.startedAt ?? checkedSince, pass: undefined, isSuspect: false };
  }

  /** Writes the state to disk. Never throws. */
  async save(): Promise<void> {
    const { path, logger } = this.options;
    try {
      await replaceFile(path, JSON.stringify(this.state));
    } catch (error) {
      logger.warn({ err: error }, 'The state of the checks of stored blobs cannot be written');
    }
  }

  /** Notes durably that the process stops in an orderly way. Never throws. */
  async close(): Promise<void> {
    this.state = { ...this.state, isRunning: false };
    await this.save();
  }

  private suspectAll(): void {
    const startedAt = this.options.clock.now();
    this.state = { ...this.state, pass: { startedAt, reached: '' }, isSuspect: true };
  }
}

/** Throws a SyntaxError or TypeError if the text is not a state. */
function parse(text: string): SavedState {
  const { isRunning, checkedSince, pass, isSuspect } = JSON.parse(text) as Partial<Record<keyof SavedState, unknown>>;
  if (typeof isRunning !== 'boolean' || typeof checkedSince !== 'number' || typeof isSuspect !== 'boolean')
    throw new TypeError('the state of the checks has missing fields');
  return { isRunning, checkedSince, isSuspect, pass: pass === undefined ? undefined : parsePass(pass) };
}

function parsePass(value: unknown): CheckPass {
  const { startedAt, reached } = value as Partial<Record<keyof CheckPass, unknown>>;
  if (typeof startedAt !== 'number' || typeof reached !== 'string')
    throw new TypeError('the state of the checks has an invalid pass');
  return { startedAt, reached };
}
