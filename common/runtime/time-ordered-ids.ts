import { randomUUID } from 'node:crypto';
import type { Clock } from './clock';

/** Number of ids that one millisecond has room for. */
const IDS_PER_MS = 0x1000;
/** Position of the variant and the random bits in the text of a UUID. */
const RANDOM_AT = 19;

/**
 * Returns a function that creates UUIDs of version 7 (RFC 9562, section 5.7). Each sorts after the
 * one before, also within a millisecond and if the clock goes back. The 62 random bits at the end
 * are drawn once: they tell the ids of one generator from those of all others, and a counter
 * (section 6.2, method 1) tells its own apart. The ids are unique but can be guessed.
 */
export function createTimeOrderedIds(clock: Pick<Clock, 'now'>): () => string {
  const generator = randomUUID().slice(RANDOM_AT);
  let time = 0;
  let count = 0;
  let start = '';
  const begin = (milliseconds: number): void => {
    time = milliseconds;
    count = 0;
    const digits = time.toString(16).padStart(12, '0');
    start = `${digits.slice(0, 8)}-${digits.slice(8)}-`;
  };
  return () => {
    const now = clock.now();
    if (now > time) begin(now);
    else if (count === IDS_PER_MS) begin(time + 1);
    // The digit of the version, and then the three digits of the counter.
    const counter = (0x7000 + count).toString(16);
    count += 1;
    return `${start}${counter}-${generator}`;
  };
}
