import type { Clock } from '../../../../common/runtime/clock';
import type { Disagreement } from './judge-content';
import { sleep } from '../../../../common/async/sleep';

/**
 * Delay before content is checked again, in milliseconds. The report of a fill that just ended may
 * not have arrived yet.
 */
export const RECHECK_MS = 15_000;
/** Maximum number of suspects in memory. At the limit, the oldest ones are checked first. */
const MAX = 10_000;
/** Suspects that are checked in one step. */
const STEP = 200;

/** Content whose row and copies differed when it was last checked. */
export interface Suspect {
  readonly digest: string;
  readonly disagreement: Disagreement;
  /** Number of checks so far. */
  readonly checks: number;
}

/**
 * Content that may be a problem, or may only be changing at the moment. Each suspect is checked
 * again after a delay. `check` returns the suspects that are still undecided.
 */
export class Suspects {
  private readonly queue: { readonly suspect: Suspect; readonly due: number }[] = [];

  constructor(
    private readonly parts: { readonly clock: Clock; readonly signal: AbortSignal },
    private readonly check: (suspects: readonly Suspect[]) => Promise<readonly Suspect[]>,
    /** Called before every pause with the number of suspects and the pause in milliseconds. */
    private readonly onWait: (count: number, ms: number) => void,
  ) {}

  /** Adds a suspect. Waits if there are too many. */
  async add(digest: string, disagreement: Disagreement): Promise<void> {
    this.push({ digest, disagreement, checks: 1 });
    if (this.queue.length >= MAX) await this.waitForFirst();
    await this.settleDue();
  }

  /** Checks the suspects whose delay is over. */
  async settleDue(): Promise<void> {
    for (;;) {
      const now = this.parts.clock.now();
      const count = this.queue.slice(0, STEP).filter(({ due }) => due <= now).length;
      if (count === 0) return;
      const suspects = this.queue.splice(0, count).map(({ suspect }) => suspect);
      for (const suspect of await this.check(suspects)) this.push({ ...suspect, checks: suspect.checks + 1 });
    }
  }

  /** Waits until all suspects are decided. */
  async settleAll(): Promise<void> {
    while (this.queue.length > 0) {
      await this.waitForFirst();
      await this.settleDue();
    }
  }

  private push(suspect: Suspect): void {
    this.queue.push({ suspect, due: this.parts.clock.now() + RECHECK_MS });
  }

  private async waitForFirst(): Promise<void> {
    const left = (this.queue[0]?.due ?? 0) - this.parts.clock.now();
    if (left <= 0) return;
    this.onWait(this.queue.length, left);
    await sleep(this.parts.clock, left, this.parts.signal);
  }
}
