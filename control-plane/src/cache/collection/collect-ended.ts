import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import { loadMembers } from '../content/load-members';
import { removeManifests } from '../content/remove-manifests';
import type { Collected, GarbageParts } from './garbage-parts';

/** Repositories per read, and manifests per transaction. */
const REPOSITORIES = 20;
const STEP = 100;

/**
 * Collects the content of ended origins: of upstreams that an organization no longer uses, and of
 * deleted organizations. Such content is neither served nor counted. Writes one audit event for
 * each repository, then deletes the empty usage rows of ended origins. Returns false if there is
 * nothing left to collect.
 */
export async function collectEnded(
  { database, stores, clock }: GarbageParts,
  collected: Collected,
  stopped: () => boolean,
): Promise<boolean> {
  const repositories = await stores.repositories.ended(database.reader, REPOSITORIES);
  for (const repository of repositories) {
    const origin = { originVersion: repository.origin_version, organizationUid: repository.organization_uid };
    for (let more = true; more && !stopped();) {
      const now = clock.now();
      const removed = await database.transaction(async (queries) => {
        await stores.originUsage.lockFound(queries, [origin.originVersion]);
        const rows = await stores.manifests.ofRepository(queries, repository.id, '', STEP);
        const members = await loadMembers(queries, stores.manifests, rows);
        await removeManifests(queries, stores, origin, members, now);
        if (rows.length === STEP) return { manifests: rows.length, done: false };
        await stores.repositories.removeEmpty(queries, [repository.id]);
        const [owner] = await stores.repositories.organizations(queries, [origin.organizationUid]);
        await stores.audit.append(queries, [
          newAuditEvent({
            kind: 'COLLECTED',
            at: now,
            actor: SYSTEM_ACTOR,
            organization: owner,
            repository: repository.name,
            detail: {
              reason: owner === undefined ? 'ORGANIZATION_DELETED' : 'UPSTREAM_CHANGED',
              organizationUid: origin.organizationUid,
            },
          }),
        ]);
        return { manifests: rows.length, done: true };
      });
      collected.manifests += removed.manifests;
      more = !removed.done;
    }
  }
  const empty = await stores.originUsage.ended(database.reader, STEP);
  if (empty.length > 0)
    await database.transaction(async (queries) => {
      for (const version of empty) await stores.originUsage.remove(queries, version);
    });
  return repositories.length === REPOSITORIES || empty.length === STEP;
}
