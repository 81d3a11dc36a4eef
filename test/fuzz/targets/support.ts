import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { isLayoverError } from '../../../common/errors/layover-error';
import { ERROR_CATALOGUE } from '../../../common/errors/catalogue';

/** Throws an Error with a message if a promise is broken. */
export function ensure(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

/** Throws an Error if two values differ. */
export function ensureSame(found: unknown, expected: unknown, what: string): void {
  ensure(
    isDeepStrictEqual(found, expected),
    `${what}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`.slice(0, 2000),
  );
}

/** Returns a result, or undefined if a catalogued error was thrown. Other errors go on. */
export function resultOf<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isCatalogued(error)) return undefined;
    throw error;
  }
}

/** Returns whether a thrown value is one of the errors that clients get, other than INTERNAL. */
export function isCatalogued(error: unknown): boolean {
  return isLayoverError(error) && Object.hasOwn(ERROR_CATALOGUE, error.key) && error.key !== 'INTERNAL';
}

/** Generates texts of words and other characters, joined by nothing. */
export function textOf(words: readonly string[], maxLength = 12): fc.Arbitrary<string> {
  const word = fc.constantFrom(...words);
  const part = fc.oneof({ weight: 6, arbitrary: word }, fc.string({ maxLength: 6 }), fc.nat().map(String));
  return fc.array(part, { maxLength }).map((parts) => parts.join(''));
}
