import { BARE_SERVER } from '../load/bare-server';
import { median } from '../statistics';
import { type Comparison, measuredPeers } from './comparison';

/** The share of the rate of the bare server from which on the load client may be the limit. */
const NEAR = 0.7;

/**
 * Returns whether a program of a comparison comes so close to the rate of the bare server that the
 * load client may be what was measured.
 */
export function isNearLoadLimit(comparison: Comparison): boolean {
  const bare = comparison.references.find(({ name }) => name === BARE_SERVER);
  if (bare === undefined) return false;
  const medians = [median(comparison.layover), ...measuredPeers(comparison).map((peer) => peer.median)];
  return Math.max(...medians) > NEAR * median(bare.samples);
}
