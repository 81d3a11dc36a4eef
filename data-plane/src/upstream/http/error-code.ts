/**
 * The `code` of a thrown thing, else its name, else `unknown`. By shape, not by class: errors of Node's own modules
 * belong to another realm where tests run, and `instanceof Error` is false for them.
 */
export function errorCode(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return 'unknown';
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return 'name' in thrown && typeof thrown.name === 'string' ? thrown.name : 'unknown';
}
