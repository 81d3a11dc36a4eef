/**
 * Splits a list into parts of at most `size` items, because `IN` lists and multi-row statements are
 * limited.
 */
export function chunks<T>(values: readonly T[], size = 400): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let start = 0; start < values.length; start += size) parts.push(values.slice(start, start + size));
  return parts;
}
