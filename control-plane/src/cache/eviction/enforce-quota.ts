import type { Clock } from '../../../../common/runtime/clock';
import type { ContentStores } from '../content/content-stores';
import type { Database } from '../../db/database';
import { checkWarning } from './check-warning';
import { UsesInForce } from '../in-use/content-use';
import { evict } from './evict';
import { planEviction } from './plan-eviction';

/** Images evicted in one transaction. */
const STEP = 50;

/** The dependencies of the enforcement. */
export interface EnforcementParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly clock: Clock;
}

/**
 * Evicts images until the usage is within a lowered or newly enabled limit, in short transactions.
 * Images in use stay and are retried later. Resolves when the organization is within its limit, no
 * more images can be evicted, or `until` (milliseconds since the epoch) has passed.
 */
export async function enforceQuota(
  { database, stores, clock }: EnforcementParts,
  organizationUid: string,
  until: number,
): Promise<void> {
  for (let more = true; more && clock.now() < until;) {
    more = await database.transaction(async (queries) => {
      const origin = await stores.origins.lock(queries, organizationUid);
      const { quota, usage, originVersion } = origin ?? {};
      if (origin === undefined || usage === undefined || !originVersion) return false;
      const now = clock.now();
      const over = quota === undefined ? 0n : usage.usedBytes + usage.reservedBytes - quota.limitBytes;
      if (quota?.autoPrune !== true || over <= 0n || !(await stores.quotaSwitch.isOn(queries))) {
        await stores.originUsage.mark(queries, originVersion, { prunePending: false });
        return false;
      }
      const plan = await planEviction(queries, stores, {
        originVersion,
        bytes: over,
        pinned: new Set(),
        keep: new Set(),
        leaving: undefined,
        uses: new UsesInForce(await stores.contentUses.ofOrganization(queries, organizationUid, now)),
        now,
        maxVictims: STEP,
      });
      await stores.originUsage.mark(queries, originVersion, { prunePending: !plan.enough });
      const reason = { for: 'a limit below the usage', neededBytes: over, limitBytes: quota.limitBytes };
      await evict(queries, stores, { ...origin, originVersion }, plan.victims, reason, now);
      await checkWarning(queries, stores, origin, now);
      return !plan.enough && plan.victims.length > 0;
    });
  }
}
