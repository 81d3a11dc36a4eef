import type { UpstreamRule } from '../../../common/oci/upstream-rule';

/**
 * Who proves the right to read a blob, and which proofs count
 * (docs/design/pull-semantics.md#right-to-read): an organization with its upstream as configured.
 */
export interface ProofHolder {
  /**
   * What the upstream sees of the organization, at least one. A proof under any of them counts, and
   * a new proof is recorded under all of them. Fills are shared under the last one.
   */
  readonly identities: readonly [string, ...string[]];
  /** Whether the organization may pull a repository: only then, its proofs count here. */
  readonly mayPull: UpstreamRule;
}
