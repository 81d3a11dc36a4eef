import type { PeerId } from '../peers/peer';

/** What a median of Layover is compared with. */
export type Bound =
  | { readonly of: 'value'; readonly value: number }
  | { readonly of: 'peer'; readonly peer: PeerId; readonly factor: number }
  | { readonly of: 'best peer'; readonly factor: number }
  | { readonly of: 'reference'; readonly reference: string; readonly factor: number };

/** The bounds of one comparison. Whether more or less is better is a property of the comparison. */
export interface Goal {
  /** Bounds that a run must show. */
  readonly must: readonly Bound[];
  /** The bound that work goes on towards. */
  readonly towards?: Bound;
}

const value = (value: number): Bound => ({ of: 'value', value });
const peer = (peer: PeerId, factor: number): Bound => ({ of: 'peer', peer, factor });
const bestPeer = (factor: number): Bound => ({ of: 'best peer', factor });
const reference = (reference: string, factor: number): Bound => ({ of: 'reference', reference, factor });

/**
 * The bounds of every comparison. Its keys are the names of comparisons, which are also the names
 * of their plots. Most bounds are from the table in the issue
 * "Fast: ahead of every peer, measured side by side".
 */
export const GOALS = {
  'manifests-by-tag': { must: [peer('zot', 1), peer('distribution-3', 12)] },
  'manifests-by-digest': { must: [peer('distribution-3', 1.3), peer('zot', 1)], towards: value(10_000) },
  'manifest-cpu': { must: [value(200)], towards: value(130) },
  'manifest-p50': { must: [] },
  'manifest-p99': { must: [] },
  'warm-blob-cpu': { must: [bestPeer(0.8)], towards: value(0.33) },
  'warm-blob-rate': { must: [] },
  'warm-blob-nginx-cpu': { must: [bestPeer(0.5)], towards: value(0.15) },
  'warm-blob-nginx-rate': { must: [] },
  'between-hosts-cpu': { must: [value(1.2)], towards: value(0.5) },
  'between-hosts-rate': { must: [value(1)] },
  'cold-blob': { must: [bestPeer(1.1)], towards: reference('direct download', 1) },
  'cold-first-byte': { must: [] },
  'cold-range': { must: [] },
  'upstream-bytes-1': { must: [value(1)] },
  'upstream-bytes-16': { must: [value(1)] },
  'upstream-bytes-200': { must: [value(1)] },
  'upstream-bytes-3-nodes-1': { must: [value(1)] },
  'upstream-bytes-3-nodes-16': { must: [value(1)] },
  'upstream-bytes-3-nodes-200': { must: [value(1)] },
  'idle-memory': { must: [value(250)] },
  'idle-memory-resident': { must: [], towards: value(250) },
  'loaded-memory': { must: [value(500)] },
  'loaded-memory-resident': { must: [], towards: value(500) },
  'cold-image': { must: [reference('direct download', 1.1)] },
  'replay-rate': { must: [] },
  'replay-cpu': { must: [] },
} as const satisfies Readonly<Record<string, Goal>>;

/** The name of a comparison. */
export type ComparisonId = keyof typeof GOALS;
