import { LRUCache } from 'lru-cache';
import type { Clock } from './clock';

interface Entry<Value> {
  readonly value: Value;
  /** As Clock.steady. */
  readonly until: number;
}

/**
 * A bounded memory whose entries end after a time. When it is full, the least recently used entry
 * is dropped first.
 */
export class TtlCache<Value> {
  private readonly entries: LRUCache<string, Entry<Value>>;

  constructor(
    private readonly clock: Pick<Clock, 'steady'>,
    max: number,
  ) {
    this.entries = new LRUCache({ max });
  }

  /** Returns the value of a key; undefined if there is none, or if its time has ended. */
  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || entry.until <= this.clock.steady() ? undefined : entry.value;
  }

  /** Keeps a value for `forMs` milliseconds; Infinity = until it is dropped. */
  set(key: string, value: Value, forMs: number): void {
    this.entries.set(key, { value, until: this.clock.steady() + forMs });
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
