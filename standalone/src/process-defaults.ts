/**
 * Environment that every plane is started with unless the operator sets another value. The Dockerfile has the same, for
 * planes that are started one by one; docs/operations.md says what the values are for.
 */
export const PROCESS_DEFAULTS = {
  /** File reads, syncs and DNS share libuv's threads; its default of four is few for a plane that does all three. */
  UV_THREADPOOL_SIZE: '8',
  /**
   * Each half of the young generation, in MiB. V8's default grew from 16 in Node 22 to 64 in Node 24
   * (`--scavenger-max-new-space-capacity-mb`). 32 costs 70 to 90 MiB less for each busy plane and no measurable time.
   */
  NODE_OPTIONS: '--max-semi-space-size=32',
} as const;
