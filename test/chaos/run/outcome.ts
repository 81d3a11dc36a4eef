import type { ChaosCase } from '../cases/chaos-case';
import type { Sight } from './ask';
import type { Checked } from './verify';

/** What happened in one case. */
export interface CaseOutcome extends Checked {
  readonly chaosCase: ChaosCase;
  /** False if the request does not come to the place or moment of the fault. */
  readonly isReached: boolean;
  /** What the client saw of the request with the fault; undefined if it was not made. */
  readonly sight: Sight | undefined;
  /** What was expected and what was seen instead; empty if the case passed. */
  readonly problems: string[];
}

/** Returns one letter for the table: see {@link LEGEND}. */
export function letterOf({ isReached, sight, problems }: CaseOutcome): string {
  if (problems.length > 0) return 'X';
  if (!isReached || sight === undefined) return '-';
  return sight.kind === 'right' ? '.' : sight.kind === 'error' || sight.kind === 'wrong' ? 'e' : 'c';
}

/** What the letters of the table mean. */
export const LEGEND: Readonly<Record<string, string>> = {
  '.': 'right bytes',
  e: 'a clean error that says that a retry may help, or that the image is not scanned yet',
  c: 'the answer broke off: in the middle of a blob, or on the line of the client',
  '-': 'the request does not come to this place or moment',
  X: 'failed',
};
