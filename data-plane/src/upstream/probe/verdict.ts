import type { ProbeOutcome__Output } from '../../../../proto/gen/layover/v1/ProbeOutcome';

/** The result of a probe in one word. */
export type ProbeOutcome = Exclude<ProbeOutcome__Output, 'PROBE_OUTCOME_UNSPECIFIED'>;

/**
 * An outcome with a message: what happened, and what to do. Contains no secret, and only host names
 * from the upstream's own text.
 */
export interface ProbeVerdict {
  readonly outcome: ProbeOutcome;
  readonly message: string;
}
