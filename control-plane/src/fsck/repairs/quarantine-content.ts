import type { BlobRow } from '../../../../schema/tables';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database, Queries } from '../../db/database';
import { loseContent } from '../../cache/arrivals/lose-content';

/** Content that a data plane has quarantined. */
export interface Quarantined {
  readonly digest: string;
  /** Number of bytes read. */
  readonly size: number;
  /** The data plane that stores it. */
  readonly dataPlane: string;
}

/**
 * Records that a data plane has quarantined damaged bytes: writes an audit event for every
 * organization that held them. Marks the content as quarantined if `isLost` returns true for its
 * row, which means that there is no valid copy.
 */
export async function quarantineContent(
  database: Database,
  stores: ContentStores,
  content: Quarantined,
  isLost: (row: BlobRow | undefined) => boolean,
  now: number,
): Promise<void> {
  await loseContent(database, stores, content.digest, now, 'QUARANTINED', {
    onlyIf: isLost,
    also: (queries, holders) => tellHolders(queries, stores, content, holders, now),
  });
}

async function tellHolders(
  queries: Queries,
  stores: ContentStores,
  { digest, size, dataPlane }: Quarantined,
  holders: readonly string[],
  now: number,
): Promise<void> {
  const uids = [...new Set(await stores.originUsage.organizationsOf(queries, holders))];
  const organizations = new Map(
    (await stores.repositories.organizations(queries, uids)).map((organization) => [organization.uid, organization]),
  );
  await stores.audit.append(
    queries,
    uids.map((uid) =>
      newAuditEvent({
        kind: 'CONTENT_QUARANTINED',
        at: now,
        actor: SYSTEM_ACTOR,
        organization: organizations.get(uid),
        reference: digest,
        digest,
        detail: {
          reason: 'WRONG_DIGEST',
          digest,
          sizeBytes: String(size),
          dataPlane,
          organizationUid: uid,
          whatToDo:
            'Clients need nothing: the next pull fetches the content from the upstream again. ' +
            'Check the disk of the data plane. It keeps the damaged bytes in the folder ' +
            'quarantine of its blob store; delete them when you no longer need them.',
        },
      }),
    ),
  );
}
