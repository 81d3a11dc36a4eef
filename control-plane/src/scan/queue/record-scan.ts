import { Table } from '../../../../schema/tables';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { AuditStore } from '../../audit/audit.store';
import type { Queries } from '../../db/database';
import { HAS_ALL_BLOBS } from '../../cache/content/complete-manifests';
import { LIVE } from '../../cache/content/live-repositories';

/** Maximum number of organizations that an event is written for. */
const MAX_HOLDERS = 200;

/**
 * Writes the audit event of a scan for each organization that holds the whole image, in the
 * transaction of the change.
 */
export async function recordScan(
  queries: Queries,
  audit: AuditStore,
  event: {
    readonly kind: 'SCAN_COMPLETED' | 'SCAN_FAILED';
    readonly digest: string;
    readonly at: number;
    readonly detail: object;
  },
): Promise<void> {
  const holders = (await queries(`${Table.manifests} as m`)
    .join(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
    .join(`${Table.organizations} as o`, 'o.uid', 'r.organization_uid')
    .where('m.digest', event.digest)
    .whereRaw(LIVE)
    .whereRaw(HAS_ALL_BLOBS)
    .groupBy('o.uid', 'o.name')
    .orderBy('o.uid')
    .limit(MAX_HOLDERS)
    .select({ uid: 'o.uid', name: 'o.name' })
    .min({ repository: 'r.name' })) as unknown as { uid: string; name: string; repository: string }[];
  await audit.append(
    queries,
    holders.map(({ uid, name, repository }) =>
      newAuditEvent({
        kind: event.kind,
        at: event.at,
        actor: SYSTEM_ACTOR,
        organization: { uid, name },
        repository,
        reference: event.digest,
        digest: event.digest,
        detail: event.detail,
      }),
    ),
  );
}
