/**
 * Returns the `code` of a thrown value, else its name, else `unknown`. Does not use the class: in
 * tests, errors of Node's own modules belong to another realm, and `instanceof Error` is false for
 * them.
 */
export function errorCode(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return 'unknown';
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return 'name' in thrown && typeof thrown.name === 'string' ? thrown.name : 'unknown';
}
