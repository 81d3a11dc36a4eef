import type { Comparison } from './comparison/comparison';
import { verdictOf } from './comparison/judge';
import { isNearLoadLimit } from './comparison/load-limit';
import type { Row } from './measure';
import { bestRatio, boundText, cell, type ProgramNames, resultCell } from './publish/cells';

/** Returns "PASS" or "BELOW", or an empty string if the bound can't be checked. */
export function verdict(row: Row): 'PASS' | 'BELOW' | '' {
  return row.holds === undefined ? '' : row.holds ? 'PASS' : 'BELOW';
}

/** Formats the rows of Layover alone as a text table. */
export function formatTable(rows: readonly Row[]): string {
  return align([
    ['measure', 'unit', 'Layover', 'compared with', 'ratio', 'must', ''],
    ...rows.map((row) => {
      const { reference } = row;
      const compared = reference === undefined ? '-' : `${reference.name} ${number(reference.value)}`;
      const ratio = reference === undefined ? '-' : number(row.layover / reference.value);
      return [row.measure, row.unit, number(row.layover), compared, ratio, row.bound, verdict(row)];
    }),
  ]);
}

/**
 * Formats comparisons as a text table with one column for each program: the median, and the
 * quartiles in brackets.
 */
export function formatComparisons(comparisons: readonly Comparison[], names: ProgramNames): string {
  const heading = ['measure', 'unit', 'Layover', ...Object.values(names), 'ratio to best', 'must', '', 'towards'];
  return align([
    heading,
    ...comparisons.flatMap((comparison) => [
      [
        comparison.title,
        comparison.unit,
        cell(comparison.layover),
        ...comparison.peers.map(resultCell),
        bestRatio(comparison),
        boundText(comparison, 'must', names),
        verdictOf(comparison),
        boundText(comparison, 'towards', names),
      ],
      ...comparison.references.map(({ name, samples }) => [`  ${name}`, comparison.unit, cell(samples)]),
    ]),
  ]);
}

/** Returns one line for each comparison in which the load client may be the limit. */
export function formatLimits(comparisons: readonly Comparison[]): readonly string[] {
  return comparisons
    .filter(isNearLoadLimit)
    .map(({ title }) => `${title}: close to the bare server, so that the load client may be what was measured`);
}

/** Returns one line for each peer that could not be measured, with the reason. */
export function formatMissing(comparisons: readonly Comparison[], names: ProgramNames): readonly string[] {
  return comparisons.flatMap(({ title, peers }) =>
    peers.flatMap((result) => ('missing' in result ? [`– ${title}: ${names[result.peer]} ${result.missing}`] : [])),
  );
}

function align(table: readonly (readonly string[])[]): string {
  const [heading = []] = table;
  const widths = heading.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [text[0], widths.map((width) => '-'.repeat(width)).join('  '), ...text.slice(1)].join('\n');
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
