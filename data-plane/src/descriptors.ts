/** How the open files of a data plane are divided; see {@link planDescriptors}. */
export interface DescriptorPlan {
  /** Blobs that are read from files at the same time; further readers wait. */
  readonly reads: number;
  /** Fills at the same time: each has a spool file and a connection. Further ones wait. */
  readonly fills: number;
  /** Connections to one upstream host; further requests wait. */
  readonly connectionsPerOrigin: number;
  /** Connections of the byte channel; further bytes are sent over gRPC. */
  readonly channels: number;
}

/** For everything else: listeners, planes, journal, index, syncs and short work. */
const RESERVE = 64;
/** Least number of everything, so that a very small limit does not stop all work. */
const LEAST = 4;

/**
 * Divides a limit of open files (`ulimit -n`), so that bursts wait and nothing fails for want of a
 * file (docs/design/delivery.md#open-files). `Infinity` divides into infinite parts.
 */
export function planDescriptors(limit: number): DescriptorPlan {
  const rest = Math.max(0, limit - RESERVE);
  const share = (part: number): number => Math.max(LEAST, Math.floor(rest * part));
  return {
    reads: share(0.35),
    // Two files each.
    fills: share(0.1),
    connectionsPerOrigin: share(0.2),
    channels: share(0.25),
  };
}
