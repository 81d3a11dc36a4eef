import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import type { OriginUsage } from '../holdings/origin-usage.store';

/**
 * Writes one audit event when the usage exceeds the warning share of the limit, and rearms the
 * warning when the usage falls below it. `origin` is the state before the change, which also shows
 * a fall that was not noticed. Must run in the transaction that changed the usage of a locked
 * origin.
 */
export async function checkWarning(
  queries: Queries,
  stores: Pick<ContentStores, 'originUsage' | 'audit' | 'quotaSwitch'>,
  origin: Origin,
  now: number,
): Promise<void> {
  const { quota, originVersion, organizationUid, organizationName } = origin;
  if (originVersion === null || quota?.warningPercent === undefined) return;
  const usage = await stores.originUsage.find(queries, originVersion);
  if (usage === undefined) return;
  const share = quota.limitBytes * BigInt(quota.warningPercent);
  const isPast = ({ usedBytes, reservedBytes }: OriginUsage): boolean => (usedBytes + reservedBytes) * 100n >= share;
  const passed = isPast(usage);
  const warned = usage.warned && origin.usage !== undefined && isPast(origin.usage);
  if (passed === warned && passed === usage.warned) return;
  if (passed && !(await stores.quotaSwitch.isOn(queries))) return;
  await stores.originUsage.mark(queries, originVersion, { warned: passed });
  if (!passed) return;
  await stores.audit.append(queries, [
    newAuditEvent({
      kind: 'QUOTA_WARNING',
      at: now,
      actor: SYSTEM_ACTOR,
      organization: { uid: organizationUid, name: organizationName },
      detail: {
        warningPercent: quota.warningPercent,
        limitBytes: String(quota.limitBytes),
        usedBytes: String(usage.usedBytes),
        reservedBytes: String(usage.reservedBytes),
      },
    }),
  ]);
}
