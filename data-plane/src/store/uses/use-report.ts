import type { ContentUse } from './content-uses';

/** Reports to the control plane what this node reads and fills. */
export interface UseReport {
  /**
   * Replaces the previous report; empty = nothing is in use. Throws if the control plane does not
   * accept the report or the signal aborts.
   */
  send(uses: readonly ContentUse[], signal: AbortSignal): Promise<void>;
}
