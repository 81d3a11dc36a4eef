import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** The control plane as the place where records go. */
export interface PullRecorder {
  /**
   * Resolves when the control plane has every record for good; known ids are skipped there. Throws REQUEST_INVALID when it refuses
   * them and always will (at least one of them is bad), anything else when trying again may help.
   */
  record(records: readonly PullRecord[], signal: AbortSignal): Promise<void>;
}
