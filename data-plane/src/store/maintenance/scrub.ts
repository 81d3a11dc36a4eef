import { sleep } from '../../../../common/async/sleep';
import { isLayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { BlobFiles } from '../blob-files';
import type { StoredBlob } from '../blob-store';
import type { StoredBlobs } from '../guard/stored-blobs';
import { hasDigest } from '../hash-blob';
import { isUnreadable } from '../store-error';
import type { CheckState } from './check-state';

/** Dependencies and settings of Scrub. */
export interface ScrubParts {
  readonly files: BlobFiles;
  readonly stored: Pick<StoredBlobs, 'prove'>;
  readonly state: CheckState;
  /** Most bytes that are read in a second. */
  readonly bytesPerSecond: number;
  /** From the begin of one pass over all files to that of the next, in milliseconds. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the checks have done in this process. */
export interface ScrubCounts {
  readonly checkedBytes: number;
  /** Since the checks began for which every file was checked, in milliseconds. */
  readonly ageMs: number;
  readonly intervalMs: number;
}

/** From the start of the process to the first look, in milliseconds: clients come first. */
const FIRST_MS = 60_000;
/** Time between two looks whether a pass is due. A timer cannot wait for a month. */
const LOOK_MS = 600_000;
/** Time between two writes of the state during a pass. */
const SAVE_MS = 60_000;
const PAGE = 1000;

/**
 * Reads all files of this host again and again, one at a time and slowly, and compares them with
 * their digests (docs/design/fills.md#stored-bytes). A damaged file is moved to quarantine, and the
 * next pull fetches the blob again. It is not a use: it keeps nothing from being deleted. Several
 * nodes or processes that do it at once only do it twice.
 */
export class Scrub {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private checkedBytes = 0;
  private savedAt = 0;

  constructor(private readonly parts: ScrubParts) {}

  start(): void {
    this.running ??= this.run().catch((error: unknown) => {
      if (!this.stopping.signal.aborted) this.parts.logger.error({ err: error }, 'The checks of stored blobs ended');
    });
  }

  /** Ends the checks at the next chunk. Resolves when no file is open any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Returns the numbers for the metrics. */
  counts(): ScrubCounts {
    const { state, intervalMs } = this.parts;
    return { checkedBytes: this.checkedBytes, ageMs: state.ageMs, intervalMs };
  }

  private async run(): Promise<void> {
    const { state, clock, intervalMs, logger } = this.parts;
    const { signal } = this.stopping;
    await sleep(clock, FIRST_MS, signal);
    for (;;) {
      if (state.isDue(intervalMs)) {
        await this.pass().catch((error: unknown) => {
          if (signal.aborted) throw error;
          logger.warn({ err: error }, 'A check of all stored blobs was interrupted; it goes on later');
        });
      }
      await sleep(clock, Math.min(LOOK_MS, intervalMs), signal);
    }
  }

  private async pass(): Promise<void> {
    const { files, state, logger } = this.parts;
    let [checked, damaged] = [0, 0];
    for (let [after, more] = [state.begin(), true]; more;) {
      const page = await files.list(after, PAGE);
      for (const { digest } of page.blobs) {
        if ((await this.check(digest)) === 'damaged') damaged += 1;
        checked += 1;
        state.reached(digest);
        await this.saveSometimes();
      }
      after = page.blobs.at(-1)?.digest ?? after;
      more = page.more;
    }
    state.complete();
    await state.save();
    logger.info({ blobs: checked, damaged }, 'All stored blobs were checked');
  }

  private async check(digest: Digest): Promise<'damaged' | 'other'> {
    const { files, stored, logger } = this.parts;
    const { signal } = this.stopping;
    const blob = await files.openFile(digest);
    if (blob === undefined) return 'other';
    try {
      if (await this.isWhole(blob, digest)) return 'other';
      return (await stored.prove(digest, blob, signal)) === 'whole' ? 'other' : 'damaged';
    } catch (error) {
      if (signal.aborted || !isLayoverError(error)) throw error;
      logger.warn({ err: error, digest }, 'A stored blob could not be checked');
      return 'other';
    } finally {
      await blob.close();
    }
  }

  private async isWhole(blob: StoredBlob, digest: Digest): Promise<boolean> {
    try {
      return await hasDigest(this.slowed(blob), digest, this.stopping.signal);
    } catch (error) {
      if (isUnreadable(error)) return false;
      throw error;
    }
  }

  /**
   * Returns a blob that is not read faster than the limit. Between two chunks, others get a turn.
   */
  private slowed(blob: StoredBlob): StoredBlob {
    const { clock, bytesPerSecond } = this.parts;
    const { signal } = this.stopping;
    const count = (bytes: number): void => void (this.checkedBytes += bytes);
    return {
      ...blob,
      async *read(offset, length, until) {
        for await (const chunk of blob.read(offset, length, until)) {
          count(chunk.length);
          yield chunk;
          await sleep(clock, Math.ceil((chunk.length * 1000) / bytesPerSecond), signal);
        }
      },
    };
  }

  private async saveSometimes(): Promise<void> {
    const { state, clock } = this.parts;
    const now = clock.now();
    if (Math.abs(now - this.savedAt) < SAVE_MS) return;
    this.savedAt = now;
    await state.save();
  }
}
