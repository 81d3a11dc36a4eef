import type { RegistryTarget } from '../../test/support/real/registry-target';
import type { PeerStarter } from './peers/peer';

/** The environment of a measure. */
export interface BenchContext {
  /** A registry on this machine that holds the pulled images. */
  readonly upstream: RegistryTarget;
  readonly layover: PeerStarter;
  /** undefined if docker-registry is not installed. */
  readonly distribution: PeerStarter | undefined;
  readonly quick: boolean;
  /** Prints a line about the progress. */
  note(line: string): void;
}

/** One row of the results. */
export interface Row {
  readonly measure: string;
  /** The unit of the numbers, for example "upstream bytes / blob bytes" or "requests/s". */
  readonly unit: string;
  readonly layover: number;
  /** undefined if distribution was not measured. */
  readonly distribution: number | undefined;
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
 * Runs one measure. A measure chooses its duration, and starts and ends its own peers. Throws if
 * something is broken, not if it is slow.
 */
export type Measure = (context: BenchContext) => Promise<readonly Row[]>;

/** Returns Layover and, if it is installed, distribution. */
export function peersOf(context: BenchContext): readonly PeerStarter[] {
  return context.distribution === undefined ? [context.layover] : [context.layover, context.distribution];
}

/** Returns the median; for an even number of values, the lower of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
