import type { Clock } from '../../../common/runtime/clock';

/** A clock for work that is repeated (common/async/repeat.ts): each round begins when it is told to, and time can be moved on. */
export class RoundClock implements Clock {
  private offset = 0;
  private next: (() => void) | undefined;
  private scheduled: () => void = () => undefined;

  now(): number {
    return Date.now() + this.offset;
  }

  after(_delayMs: number, callback: () => void): () => void {
    this.next = callback;
    this.scheduled();
    return () => (this.next = undefined);
  }

  /** Moves time on. */
  advance(ms: number): void {
    this.offset += ms;
  }

  /** Lets one round run; resolves when it has asked for the next. */
  async round(): Promise<void> {
    const begin = this.next;
    if (begin === undefined) throw new Error('nothing waits for a round');
    const ended = new Promise<void>((resolve) => (this.scheduled = resolve));
    begin();
    await ended;
  }
}
