import type { Console } from './console';
import { type Problem, PROBLEM_KINDS, type ProblemKind } from './problem';

/** The number of problems of a kind, and how many of them were repaired. */
export interface Tally {
  readonly found: number;
  readonly repaired: number;
}

/**
 * Prints every problem when it is found, and keeps only their numbers, because there may be a
 * million.
 */
export class FsckReport {
  private readonly tallies = new Map<ProblemKind, Tally>();

  constructor(
    private readonly console: Console,
    private readonly json: boolean,
  ) {}

  /** Prints and counts a problem. */
  add(problem: Problem): void {
    const { kind, repaired } = problem;
    const before = this.tallies.get(kind) ?? { found: 0, repaired: 0 };
    this.tallies.set(kind, { found: before.found + 1, repaired: before.repaired + (repaired ? 1 : 0) });
    this.console.result(this.json ? JSON.stringify({ type: 'problem', ...problem }) : describe(problem));
  }

  /** Number of problems so far. */
  get found(): number {
    return this.sum(({ found }) => found);
  }

  /** Number of repaired problems so far. */
  get repaired(): number {
    return this.sum(({ repaired }) => repaired);
  }

  /** Returns the tallies by kind, in the order of {@link PROBLEM_KINDS}. */
  entries(): readonly (readonly [ProblemKind, Tally])[] {
    return (Object.keys(PROBLEM_KINDS) as ProblemKind[]).flatMap((kind) => {
      const tally = this.tallies.get(kind);
      return tally === undefined ? [] : [[kind, tally] as const];
    });
  }

  private sum(part: (tally: Tally) => number): number {
    return [...this.tallies.values()].reduce((total, tally) => total + part(tally), 0);
  }
}

function describe({ kind, digest, organization, message, repaired }: Problem): string {
  const about = [digest, organization === undefined ? undefined : `organization ${organization}`].filter(Boolean);
  return `${[kind, ...about].join(' ')}: ${message}${repaired ? ' (repaired)' : ''}`;
}
