import type { Clock } from '../../../../common/runtime/clock';
import type { Disagreement } from './judge-content';
import { sleep } from '../../../../common/async/sleep';

/** How long after the first look there is a second one, in milliseconds: a report of what has just been filled may be on its way. */
export const LOOK_AGAIN_MS = 15_000;
/** Suspects that are remembered; then the oldest are waited for. */
const MAX = 10_000;
/** Suspects that are looked at in one go. */
const STEP = 200;

/** Content about which tables and stores disagreed when it was last looked at. */
export interface Suspect {
  readonly digest: string;
  readonly disagreement: Disagreement;
  /** Times that it was looked at. */
  readonly looks: number;
}

/**
 * What may be wrong, and may only look so because something is under way: each is looked at again after a while. `look` gives back those
 * that it can't tell yet.
 */
export class Suspects {
  private readonly queue: { readonly suspect: Suspect; readonly due: number }[] = [];

  constructor(
    private readonly parts: { readonly clock: Clock; readonly signal: AbortSignal },
    private readonly look: (suspects: readonly Suspect[]) => Promise<readonly Suspect[]>,
    /** Is told of every pause: how many are waited for, and how long in milliseconds. */
    private readonly onWait: (count: number, ms: number) => void,
  ) {}

  /** Remembers one for later. Waits when there are too many. */
  async add(digest: string, disagreement: Disagreement): Promise<void> {
    this.push({ digest, disagreement, looks: 1 });
    if (this.queue.length >= MAX) await this.waitForFirst();
    await this.settleDue();
  }

  /** Looks at those whose time has come. */
  async settleDue(): Promise<void> {
    for (;;) {
      const now = this.parts.clock.now();
      const count = this.queue.slice(0, STEP).filter(({ due }) => due <= now).length;
      if (count === 0) return;
      const suspects = this.queue.splice(0, count).map(({ suspect }) => suspect);
      for (const suspect of await this.look(suspects)) this.push({ ...suspect, looks: suspect.looks + 1 });
    }
  }

  /** Waits until all have been looked at. */
  async settleAll(): Promise<void> {
    while (this.queue.length > 0) {
      await this.waitForFirst();
      await this.settleDue();
    }
  }

  private push(suspect: Suspect): void {
    this.queue.push({ suspect, due: this.parts.clock.now() + LOOK_AGAIN_MS });
  }

  private async waitForFirst(): Promise<void> {
    const left = (this.queue[0]?.due ?? 0) - this.parts.clock.now();
    if (left <= 0) return;
    this.onWait(this.queue.length, left);
    await sleep(this.parts.clock, left, this.parts.signal);
  }
}
