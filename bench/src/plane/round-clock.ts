import type { Clock } from '../../../common/runtime/clock';

/**
 * A clock for repeated work (common/async/repeat.ts). Each round starts on command, and time is
 * advanced explicitly.
 */
export class RoundClock implements Clock {
  private offset = 0;
  private next: (() => void) | undefined;
  private scheduled: () => void = () => undefined;

  now(): number {
    return Date.now() + this.offset;
  }

  steady(): number {
    return this.now();
  }

  after(_delayMs: number, callback: () => void): () => void {
    this.next = callback;
    this.scheduled();
    return () => (this.next = undefined);
  }

  /** Advances the time. */
  advance(ms: number): void {
    this.offset += ms;
  }

  /** Runs one round. Resolves when the work waits for the next one. */
  async round(): Promise<void> {
    const begin = this.next;
    if (begin === undefined) throw new Error('No work is waiting for a round');
    const ended = new Promise<void>((resolve) => (this.scheduled = resolve));
    begin();
    await ended;
  }
}
