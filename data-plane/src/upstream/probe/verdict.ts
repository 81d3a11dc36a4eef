import type { ProbeOutcome__Output } from '../../../../proto/gen/layover/v1/ProbeOutcome';

/** What an upstream turned out to be. */
export type ProbeOutcome = Exclude<ProbeOutcome__Output, 'PROBE_OUTCOME_UNSPECIFIED'>;

/** An outcome in words: what happened, and what to do about it. Holds no secret, and of the upstream's own text only the names of hosts. */
export interface Verdict {
  readonly outcome: ProbeOutcome;
  readonly message: string;
}
