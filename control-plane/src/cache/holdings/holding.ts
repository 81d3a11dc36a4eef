/** HELD: in the store. RESERVED: on its way, its room is promised. LAPSED: named by a manifest, but neither. */
export type HoldingState = 'HELD' | 'RESERVED' | 'LAPSED';

/** What an origin has of one digest, however many repositories and manifests of it need it. Sizes are bytes. */
export interface Holding {
  readonly digest: string;
  readonly size: number;
  /** Repositories in which it is a manifest: then its bytes are in the store, whatever `state` says of the blob. */
  readonly manifestRepositories: number;
  /** Repositories in which a manifest names it as layer or config. */
  readonly blobRepositories: number;
  readonly state: HoldingState;
  /** RESERVED: when the promise ends, milliseconds since the epoch. */
  readonly reservedUntil: number | undefined;
}

/** Sums over holdings; bytes can come to more than a JavaScript number holds. */
export interface Totals {
  readonly used: bigint;
  readonly reserved: bigint;
  readonly manifests: number;
  readonly blobs: number;
}

/** Nothing. */
export const NO_TOTALS: Totals = { used: 0n, reserved: 0n, manifests: 0, blobs: 0 };

/** Whether nothing needs it any more. */
export function isUnneeded(holding: Holding): boolean {
  return holding.manifestRepositories <= 0 && holding.blobRepositories <= 0;
}

/** Whether it counts as used, so that its bytes must not be collected. */
export function isHeld(holding: Holding | undefined): boolean {
  if (holding === undefined || isUnneeded(holding)) return false;
  return holding.manifestRepositories > 0 || holding.state === 'HELD';
}

/**
 * What a holding adds to the sums of its origin: the one place that says what usage is
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

/** `a` - `b`. */
export function difference(a: Totals, b: Totals): Totals {
  return {
    used: a.used - b.used,
    reserved: a.reserved - b.reserved,
    manifests: a.manifests - b.manifests,
    blobs: a.blobs - b.blobs,
  };
}

/** `a` + `b`. */
export function sum(a: Totals, b: Totals): Totals {
  return {
    used: a.used + b.used,
    reserved: a.reserved + b.reserved,
    manifests: a.manifests + b.manifests,
    blobs: a.blobs + b.blobs,
  };
}
