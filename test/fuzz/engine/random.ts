import { seededRandom } from '../../support/seeded-random';

/** Returns random integers from 0 to below `bound`. */
export type RandomBelow = (bound: number) => number;

/** Creates random integers that a seed decides. Not for secrets. */
export function randomFrom(seed: number): RandomBelow {
  const random = seededRandom(seed);
  return (bound) => Math.floor(random() * bound);
}
