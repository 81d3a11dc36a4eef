/**
 * Environment of every plane, unless the operator sets other values. The Dockerfile sets the same
 * values for planes that are started one by one. docs/operations.md explains them.
 */
export const PROCESS_DEFAULTS = {
  /**
   * File reads, syncs and DNS share the threads of libuv. Its default of four is too low for a
   * plane that does all three.
   */
  UV_THREADPOOL_SIZE: '8',
  /**
   * Size of each half of the young generation, in MiB. V8's default grew from 16 in Node 22 to 64
   * in Node 24 (`--scavenger-max-new-space-capacity-mb`). 32 saves 70 to 90 MiB per busy plane
   * without a measurable slowdown.
   */
  NODE_OPTIONS: '--max-semi-space-size=32',
} as const;
