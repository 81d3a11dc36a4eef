import type { CaseOutcome } from '../run/outcome';
import { letterOf } from '../run/outcome';
import type { Surroundings } from '../../support/surroundings';

/** A run of all cases, as it is published. */
export interface ChaosRun extends Surroundings {
  readonly seed: number;
  readonly minutes: number;
  /** Number of pulls whose records were counted. */
  readonly pulls: number;
  /** Problems of the store that belong to no case. */
  readonly others: readonly string[];
  /** The letter of each case by name, followed by the HTTP status that the client saw. */
  readonly cells: Readonly<Record<string, string>>;
}

/** Returns the cells of outcomes by the names of their cases. */
export function cellsOf(outcomes: readonly CaseOutcome[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    outcomes
      .map((outcome) => {
        const { sight, chaosCase } = outcome;
        const status = sight === undefined || sight.status === 0 ? '' : ` ${sight.status}`;
        return [chaosCase.name, `${letterOf(outcome)}${status}`] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
