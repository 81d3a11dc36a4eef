import type { Row } from './measure';

const HEADINGS = ['measure', 'unit', 'Layover', 'compared with', 'ratio', 'must', ''] as const;

/** Formats the rows as a text table. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.flatMap((row) => comparisons(row).map((comparison) => line(row, comparison)));
  const table = [[...HEADINGS], ...cells];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [text[0], widths.map((width) => '-'.repeat(width)).join('  '), ...text.slice(1)].join('\n');
}

/** Returns "PASS" or "BELOW", or an empty string if the bound can't be checked. */
export function verdict(row: Row): 'PASS' | 'BELOW' | '' {
  return row.holds === undefined ? '' : row.holds ? 'PASS' : 'BELOW';
}

interface Comparison {
  readonly name: string;
  readonly value: number | undefined;
  /**
   * True for the line that shows the verdict. A row with two comparisons has two lines and one
   * verdict.
   */
  readonly last: boolean;
}

function comparisons(row: Row): Comparison[] {
  const peer = { name: 'distribution', value: row.distribution, last: row.reference === undefined };
  if (row.reference === undefined) return [peer];
  return [...(row.distribution === undefined ? [] : [peer]), { ...row.reference, last: true }];
}

function line(row: Row, { name, value, last }: Comparison): string[] {
  const compared = value === undefined ? '-' : `${name} ${number(value)}`;
  const ratio = value === undefined ? '-' : number(row.layover / value);
  return [row.measure, row.unit, number(row.layover), compared, ratio, last ? row.bound : '', last ? verdict(row) : ''];
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
