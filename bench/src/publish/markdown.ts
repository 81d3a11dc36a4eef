import { isNearLoadLimit } from '../comparison/load-limit';
import type { ComparisonId } from '../comparison/goals';
import { bestRatio, boundText, cell, figure, resultCell } from './cells';
import type { SideBySideRun } from './run-result';
import { isPlotted } from './plot';
import { median } from '../statistics';

/** The comparisons of the README. */
const HEADLINES: readonly ComparisonId[] = [
  'manifests-by-tag',
  'manifests-by-digest',
  'manifest-cpu',
  'warm-blob-cpu',
  'warm-blob-rate',
  'cold-blob',
  'upstream-bytes-1',
  'upstream-bytes-16',
  'idle-memory',
];

/** Longest line of prose (docs/contributing/writing.md). */
const COLUMNS = 100;

/**
 * Returns the section "Side by side" of docs/performance.md. `plots` is the folder of the plots.
 */
export function sideBySideSection(run: SideBySideRun, plots: string): string {
  const heading = ['measure', 'unit', 'Layover', ...Object.values(run.programs), 'ratio to best', 'must', 'towards'];
  const rows = run.comparisons.map((comparison) => [
    comparison.title,
    comparison.unit,
    cell(comparison.layover),
    ...comparison.peers.map(resultCell),
    bestRatio(comparison),
    boundText(comparison, 'must', run.programs),
    boundText(comparison, 'towards', run.programs),
  ]);
  const beside = run.comparisons.flatMap(({ title, unit, references }) =>
    references.map(({ name, samples }) => [title, name, `${cell(samples)} ${unit}`]),
  );
  const missing = run.comparisons.flatMap(({ title, peers }) =>
    peers.flatMap((result) =>
      'missing' in result ? [[title, run.programs[result.peer] ?? result.peer, result.missing]] : [],
    ),
  );
  const limited = run.comparisons.filter(isNearLoadLimit).map(({ title }) => `- ${title}`);
  return [
    prose(
      `Measured on ${run.at.slice(0, 10)} on ${run.machine}, with Node.js ${run.node} and Layover ` +
        `${run.layover}. The upstream is ${run.upstream} on the same machine, and so is the load ` +
        `client. The other caches logged ${run.peerLogs}. The load average before the run was ${run.load}. Each cell is the median of all ` +
        'rounds, with the first and the third quartile in brackets. ✓ and ✗ say whether a bound is met.',
    ),
    table(heading, rows),
    ...(beside.length === 0 ? [] : ['Measured in the same rounds:', table(['measure', 'what', 'figure'], beside)]),
    ...(missing.length === 0 ? [] : ['Not measured:', table(['measure', 'program', 'why'], missing)]),
    ...(limited.length === 0
      ? []
      : [prose('Close to the bare server, so that the load client may be what was measured:'), limited.join('\n')]),
    ...run.comparisons.filter(isPlotted).map(({ id, title }) => `![${title}](${plots}/${id}.svg)`),
  ].join('\n\n');
}

/** Returns the table of the README: the medians of the most important comparisons. */
export function readmeTable(run: SideBySideRun): string {
  const rows = HEADLINES.flatMap((id) => run.comparisons.find((comparison) => comparison.id === id) ?? []);
  const medianOf = (samples: readonly number[]): string => figure(median(samples));
  return [
    table(
      ['', 'Layover', ...Object.values(run.programs)],
      rows.map((comparison) => [
        `${comparison.title} (${comparison.unit})`,
        medianOf(comparison.layover),
        ...comparison.peers.map((result) => ('samples' in result ? medianOf(result.samples) : '–')),
      ]),
    ),
    prose(
      `Medians of one run on ${run.machine}, all programs in turn, on ${run.at.slice(0, 10)}. ` +
        'Spread, plots and how it was measured: [docs/performance.md](docs/performance.md).',
    ),
  ].join('\n\n');
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), `|${heading.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Breaks a paragraph into lines. */
function prose(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && [...last, ...word].length < COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
