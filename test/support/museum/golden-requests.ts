/** The requests of two pulls of an image with two layers, in order. */
export interface GoldenRequests {
  /** Nothing is cached, and the upstream was never asked before. */
  readonly cold: readonly string[];
  /** Everything is cached. */
  readonly warm: readonly string[];
}

/**
 * The requests that Layover sends to the hosts of each registry, by the key of its profile: host,
 * method, path without query, status. `{config}` and `{layer-1}` stand for digests.
 */
export const GOLDEN_REQUESTS: Readonly<Record<string, GoldenRequests>> = {};
