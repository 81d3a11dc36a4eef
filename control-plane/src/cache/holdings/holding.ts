/**
 * HELD: in the store. RESERVED: has not arrived, room is reserved. LAPSED: a manifest names it, but
 * it is neither held nor reserved.
 */
export type HoldingState = 'HELD' | 'RESERVED' | 'LAPSED';

/** Duration of a reservation in milliseconds. It is extended while the blob is being filled. */
export const RESERVED_MS = 900_000;

/**
 * What an origin holds of one digest, over all repositories and manifests that need it. Sizes are
 * bytes.
 */
export interface Holding {
  readonly digest: string;
  readonly size: number;
  /**
   * Number of repositories in which it is a manifest. If not 0, its bytes are in the store,
   * independent of `state`, which is about the blob.
   */
  readonly manifestRepositories: number;
  /** Number of repositories in which a manifest names it as layer or config. */
  readonly blobRepositories: number;
  readonly state: HoldingState;
  /** For RESERVED: when the reservation ends, in milliseconds since the epoch. */
  readonly reservedUntil: number | undefined;
}

/** Sums over holdings. Bytes can exceed the safe range of a JavaScript number. */
export interface Totals {
  readonly used: bigint;
  readonly reserved: bigint;
  readonly manifests: number;
  readonly blobs: number;
}

/** Sums of no holdings. */
export const NO_TOTALS: Totals = { used: 0n, reserved: 0n, manifests: 0, blobs: 0 };

/** Returns whether no manifest needs the holding any more. */
export function isUnneeded(holding: Holding): boolean {
  return holding.manifestRepositories <= 0 && holding.blobRepositories <= 0;
}

/** Returns whether the holding counts as used. Then its bytes must not be collected. */
export function isHeld(holding: Holding | undefined): boolean {
  if (holding === undefined || isUnneeded(holding)) return false;
  return holding.manifestRepositories > 0 || holding.state === 'HELD';
}

/**
 * Returns what a holding adds to the sums of its origin. This is the only definition of usage
 * (docs/design/bounds.md#usage).
 */
export function contribution(holding: Holding | undefined): Totals {
  if (holding === undefined || isUnneeded(holding)) return NO_TOTALS;
  const { manifestRepositories, state } = holding;
  const size = BigInt(holding.size);
  if (manifestRepositories > 0) return { ...NO_TOTALS, used: size, manifests: 1 };
  if (state === 'HELD') return { ...NO_TOTALS, used: size, blobs: 1 };
  return state === 'RESERVED' ? { ...NO_TOTALS, reserved: size } : NO_TOTALS;
}

/** Returns `a` - `b`. */
export function difference(a: Totals, b: Totals): Totals {
  return {
    used: a.used - b.used,
    reserved: a.reserved - b.reserved,
    manifests: a.manifests - b.manifests,
    blobs: a.blobs - b.blobs,
  };
}

/** Returns `a` + `b`. */
export function sum(a: Totals, b: Totals): Totals {
  return {
    used: a.used + b.used,
    reserved: a.reserved + b.reserved,
    manifests: a.manifests + b.manifests,
    blobs: a.blobs + b.blobs,
  };
}
