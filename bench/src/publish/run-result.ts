import type { Surroundings } from '../../../test/support/surroundings';
import type { Comparison } from '../comparison/comparison';
import type { PeerLogs } from '../peers/peer';
import type { ProgramNames } from './cells';

/** The machine and the programs of a run. */
export interface RunFacts extends Surroundings {
  /** The registry that all caches pull from. */
  readonly upstream: string;
  /** What the other caches logged. */
  readonly peerLogs: PeerLogs;
  /** The load average before the run. */
  readonly load: string;
}

/** The comparisons of one run, as they are published. */
export interface SideBySideRun extends RunFacts {
  readonly programs: ProgramNames;
  readonly comparisons: readonly Comparison[];
}
