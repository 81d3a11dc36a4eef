import type { Queries } from '../../db/database';

/** What happens to the cached content of an organization when the organization changes. */
export interface OrganizationContent {
  /**
   * Ends all cached content of the organization in the caller's transaction. Collection removes it
   * later. `now` is in milliseconds since the epoch.
   */
  end(queries: Queries, organizationUid: string, now: number): Promise<void>;
  /**
   * Ends identities that the organization no longer has, in the caller's transaction. Their proofs
   * are deleted after the commit, unless another organization has the identity. `now` is in
   * milliseconds since the epoch.
   */
  endIdentities(queries: Queries, identities: readonly string[], now: number): Promise<void>;
  /**
   * Notes in the caller's transaction that other proofs may be good for the organization from now
   * on. Reservations that they settle are settled after the commit. `now` is in milliseconds since
   * the epoch.
   */
  rightsChanged(queries: Queries, originVersion: string, now: number): void;
  /** Marks in the caller's transaction that a quota changed and may be exceeded now. */
  quotaChanged(queries: Queries, originVersion: string): Promise<void>;
  /** Evicts down to a changed quota, for a few seconds at most. Collection evicts the rest. */
  enforceQuota(organizationUid: string, originVersion: string): Promise<void>;
}
