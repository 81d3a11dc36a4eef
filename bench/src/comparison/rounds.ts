/**
 * Returns the items, beginning with another one in every round. No program is then always measured
 * first, or always after the same other one while the machine drifts.
 */
export function rotated<T>(items: readonly T[], round: number): readonly T[] {
  if (items.length === 0) return [];
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
