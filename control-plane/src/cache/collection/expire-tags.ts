import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import type { GarbageParts } from './garbage-parts';

/** Maximum number of tags in one transaction. */
export const MAX_EXPIRED_TAGS = 500;

/**
 * Moves up to `limit` expired tags into the time machine, the earliest first, and writes an audit
 * event for each. Returns the number of tags that were due. Fewer than `limit` means that there are
 * no more. Readers of tags compare the expiration time themselves. This step adds the audit event
 * and the place in the eviction order.
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
        // The organization was deleted or has another upstream, so there is no owner to report to.
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
