import { bestPeer, type Comparison, type PeerResult } from '../comparison/comparison';
import type { Bound } from '../comparison/goals';
import { judge } from '../comparison/judge';
import type { PeerId } from '../peers/peer';
import { median, summarize } from '../statistics';

/** Names and versions of the peers, in the order of their columns. */
export type ProgramNames = Readonly<Partial<Record<PeerId, string>>>;

/** Returns the median of samples and, if there are several, the quartiles in brackets. */
export function cell(samples: readonly number[]): string {
  const { median, low, high } = summarize(samples);
  return samples.length === 1 ? figure(median) : `${figure(median)} (${figure(low)}–${figure(high)})`;
}

/** Returns the cell of a peer; a dash if it could not be measured. */
export function resultCell(result: PeerResult): string {
  return 'samples' in result ? cell(result.samples) : '–';
}

/** Returns how many times the best peer Layover reaches, or a dash if no peer was measured. */
export function bestRatio(comparison: Comparison): string {
  const best = bestPeer(comparison);
  return best === undefined ? '–' : `${figure(median(comparison.layover) / best)} ×`;
}

/**
 * Returns the bounds of a comparison in words, each with a mark that says whether it is met;
 * without a mark if it can't be checked.
 */
export function boundText(comparison: Comparison, which: 'must' | 'towards', names: ProgramNames): string {
  const judgements = judge(comparison);
  const chosen = which === 'must' ? judgements.must : judgements.towards === undefined ? [] : [judgements.towards];
  const sign = comparison.better === 'higher' ? '≥' : '≤';
  return chosen
    .map(({ bound, met }) => {
      const mark = met === undefined ? '' : met ? ' ✓' : ' ✗';
      return `${sign} ${boundWords(bound, names)}${mark}`;
    })
    .join(', ');
}

function boundWords(bound: Bound, names: ProgramNames): string {
  switch (bound.of) {
    case 'value':
      return figure(bound.value);
    case 'peer':
      return `${bound.factor} × ${names[bound.peer] ?? bound.peer}`;
    case 'best peer':
      return `${bound.factor} × best`;
    case 'reference':
      return `${bound.factor} × ${bound.reference}`;
  }
}

/** Formats a number with three digits: "12,300", "285", "1.94" or "0.0512". */
export function figure(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const decimals = rounded === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
