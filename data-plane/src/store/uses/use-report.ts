import type { ContentUse } from './content-uses';

/** Takes note of what this node reads and fills. */
export interface UseReport {
  /** Replaces what was reported before; empty = nothing. Throws where the control plane did not take it, or the signal aborts. */
  send(uses: readonly ContentUse[], signal: AbortSignal): Promise<void>;
}
