import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import type { GarbageParts } from './garbage-parts';

/** Tags in one transaction, at most. */
export const EXPIRE_AT_MOST = 500;

/**
 * Moves up to `limit` tags that have expired into the time machine, the earliest first, each with an audit event; gives how many were due: fewer than `limit` = there are no more. Whoever
 * reads tags goes by the time anyway: what this adds is the record, and the place in the order in which images leave.
 */
export async function expireTags({ database, stores, clock }: GarbageParts, limit: number): Promise<number> {
  const now = clock.now();
  const found = await stores.tags.expired(database.reader, now, limit);
  if (found.length === 0) return 0;
  await database.transaction(async (queries) => {
    await stores.originUsage.lockFound(queries, [...new Set(found.map((tag) => tag.origin_version))]);
    const tags = await stores.tags.lockExpired(
      queries,
      found.map(({ id }) => id),
      now,
    );
    await stores.tags.expire(queries, tags);
    const owners = await ownersOf(queries, stores, [...new Set(tags.map((tag) => tag.repository_id))]);
    await stores.audit.append(
      queries,
      tags.flatMap((tag) => {
        const owner = owners.get(tag.repository_id);
        // Nobody's any more: the organization, or its upstream, is another one now.
        if (owner === undefined) return [];
        return [
          newAuditEvent({
            kind: 'TAG_EXPIRED',
            at: now,
            actor: SYSTEM_ACTOR,
            organization: owner.organization,
            repository: owner.repository,
            reference: tag.name,
            digest: tag.digest,
            detail: {
              expiredAt: new Date(tag.expires_at!).toISOString(),
              lastPulledAt: tag.last_pulled_at === null ? null : new Date(tag.last_pulled_at).toISOString(),
            },
          }),
        ];
      }),
    );
  });
  return found.length;
}

interface Owner {
  readonly organization: { readonly uid: string; readonly name: string };
  readonly repository: string;
}

async function ownersOf(
  queries: Queries,
  stores: GarbageParts['stores'],
  ids: readonly number[],
): Promise<ReadonlyMap<number, Owner>> {
  const rows = await stores.repositories.withOrganizations(queries, ids);
  return new Map(rows.map(({ id, repository, uid, name }) => [id, { organization: { uid, name }, repository }]));
}
