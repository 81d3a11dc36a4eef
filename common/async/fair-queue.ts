import { LayoverError } from '../errors/layover-error';
import { onAbort } from './until-aborted';

interface Waiting {
  readonly start: () => void;
}

/**
 * Runs work for many owners with limited concurrency. The owners take turns: whoever waits gets the
 * next turn before an owner that had one since then. Each owner has at most one turn at a time. So
 * the backlog of an owner delays the others by no more than its running work.
 */
export class FairQueue {
  /** Owners with waiting work, in the order of their turns. */
  private readonly waiting = new Map<string, Set<Waiting>>();
  private readonly running = new Set<string>();

  constructor(private readonly concurrency: number) {}

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
      this.running.delete(owner);
      this.moveToEnd(owner);
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
    for (const [owner, entries] of this.waiting) {
      if (this.running.size >= this.concurrency) return;
      if (this.running.has(owner)) continue;
      this.running.add(owner);
      const [next] = entries;
      this.leave(owner, next!);
      next!.start();
    }
  }

  /** Puts an owner whose turn has ended behind everyone who came meanwhile. */
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
