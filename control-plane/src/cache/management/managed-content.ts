import type { Clock } from '../../../../common/runtime/clock';
import type { Database, Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';
import type { OrganizationContent } from '../../tenancy/organizations/organization-content';
import type { GlobalQuotas } from '../../tenancy/settings/system-settings.service';
import type { ContentStores } from '../content/content-stores';
import { enforceQuota } from '../eviction/enforce-quota';
import { type GainingOrigin, settleGained } from '../arrivals/settle-gained';
import { deleteEndedProofs } from '../proofs/delete-ended-proofs';
import type { UpstreamStatusStore } from '../pulls/upstream-status.store';

/** Time limit for the eviction that a mutation waits for, in milliseconds. */
const ENFORCE_MS = 10_000;

/** The dependencies of {@link ManagedContent}. */
export interface ManagedContentParts {
  readonly database: Database;
  readonly stores: ContentStores & { readonly upstreamStatus: UpstreamStatusStore };
  readonly clock: Clock;
}

/**
 * Applies changes of organizations and of global switches to cached content (ADR 13 for quotas).
 */
export class ManagedContent implements OrganizationContent, GlobalQuotas {
  private readonly deleteProofs: AfterCommitStep<undefined>;
  private readonly settleGained: AfterCommitStep<GainingOrigin>;

  constructor(private readonly parts: ManagedContentParts) {
    this.deleteProofs = deleteEndedProofs(parts.stores.proofs);
    this.settleGained = settleGained(parts.stores);
  }

  /** Implements {@link OrganizationContent.end}. */
  async end(queries: Queries, organizationUid: string, now: number): Promise<void> {
    const { repositories, upstreamStatus } = this.parts.stores;
    await repositories.endAll(queries, organizationUid, now);
    await upstreamStatus.forget(queries, organizationUid);
  }

  /** Implements {@link OrganizationContent.endIdentities}. */
  async endIdentities(queries: Queries, identities: readonly string[], now: number): Promise<void> {
    if (identities.length === 0) return;
    await this.parts.stores.proofs.endIdentities(queries, identities, now);
    hooksOf(queries).afterCommit(this.deleteProofs);
  }

  /** Implements {@link OrganizationContent.rightsChanged}. */
  rightsChanged(queries: Queries, originVersion: string, now: number): void {
    hooksOf(queries).afterCommit(this.settleGained, [{ originVersion, now }]);
  }

  /** Implements {@link OrganizationContent.quotaChanged}. */
  async quotaChanged(queries: Queries, originVersion: string): Promise<void> {
    await this.parts.stores.originUsage.mark(queries, originVersion, { prunePending: true });
  }

  /** Implements {@link OrganizationContent.enforceQuota}. */
  async enforceQuota(organizationUid: string, originVersion: string): Promise<void> {
    const { database, stores, clock } = this.parts;
    const usage = await stores.originUsage.find(database.reader, originVersion);
    if (usage?.prunePending === true) await enforceQuota(this.parts, organizationUid, clock.now() + ENFORCE_MS);
  }

  /** Implements {@link GlobalQuotas.turnedOn}. */
  async turnedOn(queries: Queries): Promise<void> {
    await this.parts.stores.originUsage.markAll(queries);
  }

  /** Implements {@link GlobalQuotas.enforceAll}. */
  async enforceAll(): Promise<void> {
    const { database, stores, clock } = this.parts;
    const until = clock.now() + ENFORCE_MS;
    for (const uid of await stores.originUsage.prunePending(database.reader))
      await enforceQuota(this.parts, uid, until);
  }
}
