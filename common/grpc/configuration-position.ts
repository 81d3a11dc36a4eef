/**
 * A revision of the configuration, as the control plane and data planes name it to each other. The
 * mark tells it from the same revision of another history (a restored backup), so two positions are
 * the same only if both are equal.
 */
export interface ConfigurationPosition {
  /** 0 = none. */
  readonly revision: number;
  /** Empty = none, or not in the log of changes: then everything is sent. */
  readonly mark: string;
}
