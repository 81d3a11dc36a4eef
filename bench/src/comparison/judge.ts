import { median } from '../statistics';
import { bestPeer, type Comparison, measuredPeers } from './comparison';
import { type Bound, type Goal, GOALS } from './goals';

/** A bound and whether the median of Layover is within it. */
export interface Judgement {
  readonly bound: Bound;
  /** undefined if the value to compare with was not measured. */
  readonly met: boolean | undefined;
}

/** The judgements of a comparison. */
export interface Judgements {
  readonly must: readonly Judgement[];
  readonly towards: Judgement | undefined;
}

/** Compares the median of Layover with the bounds of the comparison. */
export function judge(comparison: Comparison): Judgements {
  const { must, towards }: Goal = GOALS[comparison.id];
  const judged = (bound: Bound): Judgement => ({ bound, met: isMet(comparison, bound) });
  return { must: must.map(judged), towards: towards && judged(towards) };
}

/**
 * Returns "PASS" if all bounds that must hold are met, "BELOW" if one of them is not, and an empty
 * string if there are none. A bound on a peer that was not measured does not count.
 */
export function verdictOf(comparison: Comparison): 'PASS' | 'BELOW' | '' {
  const known = judge(comparison).must.filter(({ met }) => met !== undefined);
  if (known.length === 0) return '';
  return known.every(({ met }) => met) ? 'PASS' : 'BELOW';
}

function isMet(comparison: Comparison, bound: Bound): boolean | undefined {
  const limit = limitOf(comparison, bound);
  if (limit === undefined) return undefined;
  const layover = median(comparison.layover);
  return comparison.better === 'higher' ? layover >= limit : layover <= limit;
}

/** Returns the value of a bound in the unit of the comparison, or undefined if it is unknown. */
export function limitOf(comparison: Comparison, bound: Bound): number | undefined {
  const scaled = (value: number | undefined, factor: number): number | undefined =>
    value === undefined ? undefined : value * factor;
  switch (bound.of) {
    case 'value':
      return bound.value;
    case 'best peer':
      return scaled(bestPeer(comparison), bound.factor);
    case 'peer':
      return scaled(measuredPeers(comparison).find(({ peer }) => peer === bound.peer)?.median, bound.factor);
    case 'reference': {
      const found = comparison.references.find(({ name }) => name === bound.reference);
      return scaled(found && median(found.samples), bound.factor);
    }
  }
}
