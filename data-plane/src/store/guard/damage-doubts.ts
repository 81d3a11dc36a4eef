import pLimit from 'p-limit';
import { withTimeout } from '../../../../common/async/deadline';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';

/** Dependencies of DamageDoubts. */
export interface DamageDoubtsParts {
  /**
   * Reads a stored blob again, and moves it to quarantine if it is damaged. Ends early, with any
   * error, if the signal aborts.
   */
  readonly examine: (digest: Digest, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Examinations that run at a time: each reads a whole blob. Most that run or wait. */
const AT_ONCE = 4;
const MAX_DOUBTS = 1024;
/**
 * How long a request waits for an examination, in milliseconds. It may do so twice, and clients
 * give up after 30 s without response headers.
 */
const WAIT_MS = 5_000;

/**
 * Blobs that may be damaged, while their bytes are read again. A wrong byte on the way from the
 * disk or the bucket damages nothing, so a blob is moved to quarantine only if a second read finds
 * it damaged too.
 */
export class DamageDoubts {
  private readonly running = new Map<Digest, Promise<void>>();
  private readonly turns = pLimit(AT_ONCE);
  private readonly stopping = new AbortController();

  constructor(private readonly parts: DamageDoubtsParts) {}

  /** Has a blob examined, unless it is being examined already or too many others are. */
  raise(digest: Digest): void {
    const { signal } = this.stopping;
    if (signal.aborted || this.running.has(digest) || this.running.size >= MAX_DOUBTS) return;
    const over = this.turns(() => (signal.aborted ? undefined : this.parts.examine(digest, signal)))
      .catch((error: unknown) => {
        if (!signal.aborted) this.parts.logger.warn({ err: error, digest }, 'Examining a stored blob failed');
      })
      .finally(() => this.running.delete(digest));
    this.running.set(digest, over);
  }

  /** Whether a blob is being examined. */
  has(digest: Digest): boolean {
    return this.running.has(digest);
  }

  /** Waits a moment for the end of an examination. Returns whether it is over. Never rejects. */
  async settled(digest: Digest): Promise<boolean> {
    const over = this.running.get(digest);
    if (over === undefined) return true;
    return withTimeout(
      this.parts.clock,
      WAIT_MS,
      over.then(() => true),
      () => false,
    );
  }

  /** Aborts all examinations, and resolves when they have ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running.values());
  }
}
