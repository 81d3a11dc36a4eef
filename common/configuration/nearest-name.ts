/** Largest share of characters that may differ between similar names. */
const MAX_SHARE = 0.25;

/**
 * Returns the candidate with the smallest edit distance to `name`, or undefined if none is similar.
 * The common prefix LAYOVER_ does not count towards the length.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor((name.length - 'LAYOVER_'.length) * MAX_SHARE));
  let nearest: string | undefined;
  let fewest = limit + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name, candidate);
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

/**
 * Returns the number of insertions, deletions, replacements and swaps of adjacent characters that
 * turn `a` into `b` (optimal string alignment distance).
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforePrevious[j - 2]! + 1 : Infinity;
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1, swapped));
    }
    [beforePrevious, previous] = [previous, row];
  }
  return previous[b.length]!;
}
