import type { ChaosCase } from '../cases/chaos-case';
import type { Sight } from './ask';

/** What happened in one case. */
export interface CaseOutcome {
  readonly chaosCase: ChaosCase;
  /** False if the request does not come to the place or moment of the fault. */
  readonly isReached: boolean;
  /** What the client saw of the request with the fault; undefined if it was not made. */
  readonly sight: Sight | undefined;
  /** What the client saw of the same request afterwards, until it was right. */
  readonly next: readonly Sight[];
  /** Whether the requests are pulls, which are recorded. */
  readonly isPull: boolean;
  /** Digests of the content. */
  readonly digests: readonly string[];
  /** What was expected and what was seen instead; empty if the case passed. */
  readonly problems: string[];
}

/** Returns one letter for the table: see {@link LEGEND}. */
export function letterOf({ isReached, sight, problems }: CaseOutcome): string {
  if (problems.length > 0) return 'X';
  if (!isReached || sight === undefined) return '-';
  return sight.kind === 'right' ? '.' : sight.kind === 'error' ? 'e' : 'c';
}

/** What the letters of the table mean. */
export const LEGEND: Readonly<Record<string, string>> = {
  '.': 'right bytes',
  e: 'a clean error that says that a retry may help',
  c: 'the connection was cut in the middle of the answer',
  '-': 'the request does not come to this place or moment',
  X: 'failed',
};
