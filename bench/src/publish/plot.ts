import { type Comparison, measuredPeers } from '../comparison/comparison';
import { judge, limitOf } from '../comparison/judge';
import { BARE_SERVER } from '../load/bare-server';
import { type Summary, summarize } from '../statistics';
import { figure, type ProgramNames } from './cells';

const WIDTH = 720;
/** Room for the names, and for the figures behind the bars. */
const LEFT = 210;
const RIGHT = 130;
const TOP = 44;
const ROW = 34;
const BAR = 18;
const BOTTOM = 26;

/** Colours on a light and on a dark page. The background is that of the page. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 14px; }
  .small { font-size: 11px; fill: #59636e; }
  .layover { fill: #0969da; }
  .peer { fill: #8c959f; }
  .reference { fill: #d0d7de; }
  .spread { stroke: #1f2328; stroke-width: 1.5; fill: none; }
  .bound { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .layover { fill: #4493f8; }
    .peer { fill: #7d8590; }
    .reference { fill: #3d444d; }
    .spread { stroke: #e6edf3; }
    .bound { stroke: #ff7b72; }
  }
`;

interface Bar {
  readonly name: string;
  readonly kind: 'layover' | 'peer' | 'reference';
  readonly summary: Summary;
}

/** Returns whether a plot shows more than one bar. */
export function isPlotted(comparison: Comparison): boolean {
  return measuredPeers(comparison).length > 0;
}

/**
 * Draws a comparison as SVG: a bar for each median, a line for the quartiles, and a dashed line for
 * the strictest bound that must hold. Readable on light and dark pages.
 */
export function plot(comparison: Comparison, names: ProgramNames): string {
  const bars = barsOf(comparison, names);
  const bound = strictestBound(comparison);
  const most = Math.max(...bars.map(({ summary }) => summary.high), bound ?? 0);
  const scale = (value: number): number => round(most === 0 ? LEFT : LEFT + (value / most) * (WIDTH - LEFT - RIGHT));
  const height = TOP + bars.length * ROW + BOTTOM;
  const direction = comparison.better === 'higher' ? 'more is better' : 'less is better';
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escape(comparison.title)}</title>`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="8" y="18">${escape(comparison.title)}</text>`,
    `<text class="small" x="8" y="34">${escape(`${comparison.unit}, ${direction}`)}</text>`,
    ...bars.flatMap((bar, index) => drawBar(bar, TOP + index * ROW, scale)),
  ];
  if (bound !== undefined) {
    const x = scale(bound);
    const bottom = TOP + bars.length * ROW;
    lines.push(
      `<line class="bound" x1="${x}" y1="${TOP}" x2="${x}" y2="${bottom}"/>`,
      `<text class="small" x="${x}" y="${bottom + 16}" text-anchor="middle">must: ${escape(figure(bound))}</text>`,
    );
  }
  return `${[...lines, '</svg>'].join('\n')}\n`;
}

function barsOf({ layover, peers, references }: Comparison, names: ProgramNames): readonly Bar[] {
  return [
    { name: 'Layover', kind: 'layover', summary: summarize(layover) },
    ...peers.flatMap((result): Bar[] =>
      'samples' in result
        ? [{ name: names[result.peer] ?? result.peer, kind: 'peer', summary: summarize(result.samples) }]
        : [],
    ),
    ...references
      // Its bar would make all others short.
      .filter(({ name }) => name !== BARE_SERVER)
      .map(({ name, samples }): Bar => ({ name, kind: 'reference', summary: summarize(samples) })),
  ];
}

function drawBar({ name, kind, summary }: Bar, y: number, scale: (value: number) => number): string[] {
  const { median, low, high } = summary;
  const middle = y + ROW / 2;
  const [x, from, to] = [scale(median), scale(low), scale(high)];
  const end = Math.max(x, to);
  return [
    `<text x="${LEFT - 10}" y="${middle + 4}" text-anchor="end">${escape(name)}</text>`,
    `<rect class="${kind}" x="${LEFT}" y="${middle - BAR / 2}" width="${round(x - LEFT)}" height="${BAR}" rx="2"/>`,
    `<path class="spread" d="M${from} ${middle - 4}V${middle + 4}M${from} ${middle}H${to}M${to} ${middle - 4}V${middle + 4}"/>`,
    `<text x="${round(end + 8)}" y="${middle + 4}">${escape(figure(median))}</text>`,
  ];
}

/** Returns the bound that is hardest to meet, in the unit of the comparison. */
function strictestBound(comparison: Comparison): number | undefined {
  const limits = judge(comparison).must.flatMap(({ bound }) => limitOf(comparison, bound) ?? []);
  if (limits.length === 0) return undefined;
  return comparison.better === 'higher' ? Math.max(...limits) : Math.min(...limits);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
