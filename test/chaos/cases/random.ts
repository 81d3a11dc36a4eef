import { createHash } from 'node:crypto';

/** Returns a number from 0 to 1 (exclusive) that depends on the texts only. */
export function randomOf(...texts: readonly (string | number)[]): number {
  return createHash('sha256').update(texts.join('\0')).digest().readUInt32BE() / 2 ** 32;
}

/** Returns the values in an order that depends on the seed only. */
export function shuffled<T extends { readonly name: string }>(values: readonly T[], seed: number): readonly T[] {
  return [...values].sort((a, b) => randomOf(seed, a.name) - randomOf(seed, b.name));
}
