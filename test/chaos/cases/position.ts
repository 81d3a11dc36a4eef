import type { Moment } from './chaos-case';
import { randomOf } from './random';

const HEAD_BYTES = 60;
const LAST_BYTES = 64 * 1024;

/**
 * Returns after how many of `total` bytes of an answer the fault of a moment happens. Undefined for
 * `after`, or if the answer is too short to have the moment. The same seed and name give the same
 * number.
 */
export function positionOf(moment: Moment, total: number, seed: number, name: string): number | undefined {
  const random = randomOf(seed, name, 'position');
  const within = (from: number, to: number): number => Math.floor(from + random * (to - from));
  switch (moment) {
    case 'before':
      return total > 0 ? 0 : undefined;
    case 'head':
      return total > 1 ? within(1, Math.min(HEAD_BYTES, total - 1)) : undefined;
    case 'middle':
      return total > 4 ? within(total * 0.3, total * 0.7) : undefined;
    case 'last':
      return total > 4 ? within(total - Math.min(LAST_BYTES, total / 4), total) : undefined;
    case 'after':
      return undefined;
  }
}
