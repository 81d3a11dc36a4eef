import type { Queries } from '../../db/database';

/** What happens to the cached content of an organization when the organization changes. */
export interface OrganizationContent {
  /**
   * Ends everything that is cached of the organization so far, in the caller's transaction; garbage
   * collection removes it later. `now` is in milliseconds since the epoch.
   */
  end(queries: Queries, organizationUid: string, now: number): Promise<void>;
  /** Notes in the caller's transaction that a quota changed: usage may be over it now. */
  quotaChanged(queries: Queries, originVersion: string): Promise<void>;
  /**
   * Evicts down to a quota that changed, for a few seconds at most. Garbage collection evicts the
   * rest.
   */
  enforceQuota(organizationUid: string, originVersion: string): Promise<void>;
}
