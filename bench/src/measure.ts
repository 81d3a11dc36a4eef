import type { RegistryTarget } from '../../test/support/real/registry-target';
import type { PeerStarter } from './peers/peer';

/** What a measure has to work with. */
export interface BenchContext {
  /** A registry on this machine that holds what is pulled. */
  readonly upstream: RegistryTarget;
  readonly layover: PeerStarter;
  /** undefined where the machine has no docker-registry. */
  readonly distribution: PeerStarter | undefined;
  readonly quick: boolean;
  /** Tells the person who waits what is going on. */
  note(line: string): void;
}

/** One line of the result. */
export interface Row {
  readonly measure: string;
  /** What the numbers are: "upstream bytes / blob bytes", "requests/s". */
  readonly unit: string;
  readonly layover: number;
  /** undefined where there is no peer, or nothing to compare. */
  readonly distribution: number | undefined;
  /** Something else that the number is held against: "direct", in the same unit. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** What must hold, in words, and whether it does; undefined where the other side of the comparison is missing. */
  readonly bound: string;
  readonly holds: boolean | undefined;
}

/** A measure: takes its own time, starts its own peers, ends them. Throws where something is broken, not where it is slow. */
export type Measure = (context: BenchContext) => Promise<readonly Row[]>;

/** Layover and, where it is there, distribution. */
export function peersOf(context: BenchContext): readonly PeerStarter[] {
  return context.distribution === undefined ? [context.layover] : [context.layover, context.distribution];
}

/** The middle value; of an even number, the lower one of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
