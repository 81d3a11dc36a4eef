import type { BlobRow } from '../../../../schema/tables';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database, Queries } from '../../db/database';
import { loseContent } from '../../cache/arrivals/lose-content';

/** What was moved aside. */
export interface Quarantined {
  readonly digest: string;
  /** Bytes that were read. */
  readonly size: number;
  /** The data plane that has it. */
  readonly dataPlane: string;
}

/**
 * A data plane has moved damaged bytes aside: every organization that held them is told by an audit event, and unless they are there again, or
 * elsewhere (`isLost`), they count as quarantined from now on.
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
            'Nothing for clients: the next pull fetches it from the upstream again. Look for the cause in the disk of the data plane, ' +
            'which keeps the damaged bytes in the folder quarantine of its blob store; delete them there when they are of no more use.',
        },
      }),
    ),
  );
}
