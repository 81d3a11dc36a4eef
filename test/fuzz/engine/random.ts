/** Returns random numbers from a seed: each call gives an integer from 0 to below `bound`. */
export type RandomBelow = (bound: number) => number;

/** Creates random numbers that a seed decides (mulberry32; not for secrets). */
export function randomFrom(seed: number): RandomBelow {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
