import type { Surroundings } from '../../support/surroundings';
import type { SightKind } from '../run/ask';
import type { RecordReview } from './review-records';
import type { Round } from './round';

/** What happened in one round. Times are seconds from the kill, or from the end of the pause. */
export type RoundOutcome = Round & {
  /** Time to the first right answer about an image that was cached before. */
  readonly cachedSeconds: number;
  /** Time to the first right answer about an image that was not. */
  readonly freshSeconds: number;
};

/** A run of kills and pauses, as it is published. */
export interface LoopRun extends Surroundings {
  /** Load average of the machine over five minutes before the run. */
  readonly loadBefore: number;
  readonly seed: number;
  readonly minutes: number;
  readonly requests: Readonly<Record<SightKind, number>>;
  /** Requests after a round that had to be right at the first try. */
  readonly nextPulls: number;
  readonly records: Omit<RecordReview, 'problems'>;
  readonly fscks: number;
  readonly rounds: readonly RoundOutcome[];
  readonly problems: readonly string[];
}
