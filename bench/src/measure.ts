import type { OtherCache, PeerStarter } from './peers/peer';
import type { BenchUpstream } from './upstream/start-upstream';

export { median } from './statistics';

/** The environment of a measure. */
export interface BenchContext {
  /** A registry on this machine that holds the pulled images. */
  readonly upstream: BenchUpstream;
  readonly layover: PeerStarter;
  /** The other caches on this machine, in the order of their columns. */
  readonly peers: readonly OtherCache[];
  readonly quick: boolean;
  /** Prints a line about the progress. */
  note(line: string): void;
}

/** One row of the results of a measure that has Layover alone. */
export interface Row {
  readonly measure: string;
  /** The unit of the numbers, for example "upstream bytes / blob bytes" or "requests/s". */
  readonly unit: string;
  readonly layover: number;
  /** Another value to compare with, for example "direct", in the same unit. */
  readonly reference?: { readonly name: string; readonly value: number };
  /**
   * The bound in words. `holds` says whether it is met; it is undefined if the value to compare
   * with is missing.
   */
  readonly bound: string;
  readonly holds: boolean | undefined;
}

/**
 * Runs one measure of Layover alone. A measure chooses its duration, and starts and ends its own
 * peers. Throws if something is broken, not if it is slow.
 */
export type Measure = (context: BenchContext) => Promise<readonly Row[]>;
