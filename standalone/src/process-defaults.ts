/**
 * Environment that every plane is started with unless the operator sets another value. The Dockerfile has the same, for
 * planes that are started one by one; docs/operations.md says what the values are for.
 */
export const PROCESS_DEFAULTS = {
  /** File reads, syncs and DNS share libuv's threads; its default of four is few for a plane that does all three. */
  UV_THREADPOOL_SIZE: '8',
  /**
   * Half of the young generation per process, in MiB. V8's default grew from 16 in Node 22 to 64 in Node 24
   * (`--scavenger-max-new-space-capacity-mb`), which costs 90 MiB for each plane and saves little time.
   */
  NODE_OPTIONS: '--max-semi-space-size=32',
} as const;
