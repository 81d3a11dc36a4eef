import type { BenchContext } from '../measure';
import type { PeerId } from '../peers/peer';
import { median } from '../statistics';
import type { ComparisonId } from './goals';

/** The samples of one peer, or why it has none. */
export type PeerResult =
  { readonly peer: PeerId; readonly samples: readonly number[] } | { readonly peer: PeerId; readonly missing: string };

/** Something that is not a cache, measured in the same rounds: for example a direct download. */
export interface Reference {
  readonly name: string;
  readonly samples: readonly number[];
}

/** One row of the results: Layover and the other caches, side by side. */
export interface Comparison {
  readonly id: ComparisonId;
  /** What was measured, for example "manifests by digest, 16 connections". */
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly layover: readonly number[];
  readonly peers: readonly PeerResult[];
  readonly references: readonly Reference[];
}

/**
 * Measures some comparisons. Throws an Error if Layover or a reference fails. A peer that fails is
 * shown with the reason.
 */
export type Comparing = (context: BenchContext) => Promise<readonly Comparison[]>;

/** Returns the peers of a comparison that were measured, with their medians. */
export function measuredPeers({ peers }: Comparison): readonly { readonly peer: PeerId; readonly median: number }[] {
  return peers.flatMap((result) =>
    'samples' in result ? [{ peer: result.peer, median: median(result.samples) }] : [],
  );
}

/** Returns the best median of all measured peers, or undefined if there is none. */
export function bestPeer(comparison: Comparison): number | undefined {
  const medians = measuredPeers(comparison).map(({ median }) => median);
  if (medians.length === 0) return undefined;
  return comparison.better === 'higher' ? Math.max(...medians) : Math.min(...medians);
}
