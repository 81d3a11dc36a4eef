import type { Console } from './console';
import { type Problem, PROBLEM_KINDS, type ProblemKind } from './problem';

/** How many problems of a kind there are, and how many of them were repaired. */
export interface Tally {
  readonly found: number;
  readonly repaired: number;
}

/** Says every problem as it is found, and keeps nothing but their numbers: there may be a million of them. */
export class Report {
  private readonly tallies = new Map<ProblemKind, Tally>();

  constructor(
    private readonly console: Console,
    private readonly json: boolean,
  ) {}

  /** Takes in a problem. */
  add(problem: Problem): void {
    const { kind, repaired } = problem;
    const before = this.tallies.get(kind) ?? { found: 0, repaired: 0 };
    this.tallies.set(kind, { found: before.found + 1, repaired: before.repaired + (repaired ? 1 : 0) });
    this.console.result(this.json ? JSON.stringify({ type: 'problem', ...problem }) : describe(problem));
  }

  /** How many there are so far. */
  get found(): number {
    return this.sum(({ found }) => found);
  }

  /** How many of them were repaired. */
  get repaired(): number {
    return this.sum(({ repaired }) => repaired);
  }

  /** By kind, in the order of the catalogue. */
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
