/**
 * A position in the history of the configuration, as exchanged by the control plane and data
 * planes. The mark distinguishes a revision from the same revision in another history, for example
 * after a backup was restored. Two positions are equal only if both fields are equal.
 */
export interface ConfigurationPosition {
  /** 0 for none. */
  readonly revision: number;
  /**
   * Empty for none, or if the revision is not in the log of changes; a full snapshot is then sent.
   */
  readonly mark: string;
}
