import { LayoverError } from '../errors/layover-error';
import { onAbort } from './until-aborted';

interface Waiting {
  readonly start: () => void;
}

/**
 * Runs work for many owners with limited concurrency. The owners take turns: whoever waits gets the
 * next turn before an owner whose turn began or ended since then. Each owner has at most `perOwner`
 * turns at a time. So the backlog of an owner delays the others by no more than its running work.
 */
export class FairQueue {
  /** Owners with waiting work, in the order of their turns. */
  private readonly waiting = new Map<string, Set<Waiting>>();
  /** Number of turns of each owner that has one, and their sum. */
  private readonly running = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly concurrency: number,
    private readonly perOwner = 1,
  ) {}

  /** Returns the number of entries that wait for a turn. */
  get depth(): number {
    return [...this.waiting.values()].reduce((total, { size }) => total + size, 0);
  }

  /**
   * Runs `work` when it is the turn of `owner`, and settles as it does. Rejects with CANCELLED, and
   * never runs `work`, if `signal` aborts before that.
   */
  async run<T>(owner: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.turn(owner, signal);
    try {
      return await work();
    } finally {
      this.endTurn(owner);
      this.startNext();
    }
  }

  private turn(owner: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let stopListening = (): void => undefined;
      const entry: Waiting = {
        start: () => {
          stopListening();
          resolve();
        },
      };
      const leave = (): void => {
        this.leave(owner, entry);
        reject(new LayoverError('CANCELLED', { message: 'The caller left before its turn.' }));
      };
      if (signal?.aborted === true) return leave();
      stopListening = onAbort(signal, leave);
      const entries = this.waiting.get(owner);
      if (entries === undefined) this.waiting.set(owner, new Set([entry]));
      else entries.add(entry);
      this.startNext();
    });
  }

  private startNext(): void {
    // An owner that moves to the end is visited again.
    for (const [owner, entries] of this.waiting) {
      if (this.total >= this.concurrency) return;
      const own = this.running.get(owner) ?? 0;
      if (own >= this.perOwner) continue;
      this.running.set(owner, own + 1);
      this.total += 1;
      const [next] = entries;
      this.leave(owner, next!);
      this.moveToEnd(owner);
      next!.start();
    }
  }

  private endTurn(owner: string): void {
    const left = this.running.get(owner)! - 1;
    if (left === 0) this.running.delete(owner);
    else this.running.set(owner, left);
    this.total -= 1;
    this.moveToEnd(owner);
  }

  /** Puts an owner that had a turn behind everyone who waits. */
  private moveToEnd(owner: string): void {
    const entries = this.waiting.get(owner);
    if (entries === undefined) return;
    this.waiting.delete(owner);
    this.waiting.set(owner, entries);
  }

  private leave(owner: string, entry: Waiting): void {
    const entries = this.waiting.get(owner);
    entries?.delete(entry);
    if (entries?.size === 0) this.waiting.delete(owner);
  }
}
