import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../../common/runtime/clock';
import { newAuditEvent } from '../../audit/audit-event';
import type { ContentStores } from '../content/content-stores';
import { loadMembers } from '../content/load-members';
import { removeManifests } from '../content/remove-manifests';
import type { Database } from '../../db/database';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';

/** Manifests in one transaction. */
const STEP = 100;

/** The dependencies of a purge. */
export interface PurgeParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly organizations: OrganizationStore;
  readonly clock: Clock;
}

/**
 * Removes all cached content of a repository, including the time machine. Returns false if nothing
 * was cached. Works in short transactions, the first of which writes the audit event. Images that
 * are pulled during the purge are cached again. The bytes are deleted by collection.
 */
export async function purgeRepository(
  { database, stores, organizations, clock }: PurgeParts,
  name: { readonly organization: string; readonly repository: string },
  actor: string,
): Promise<boolean> {
  let newest: number | undefined;
  let after = '';
  for (let step = 0; ; step += 1) {
    // Set by the attempt that commits: a transaction may be retried.
    let last = after;
    const more = await database.transaction(async (queries) => {
      const organization = await organizations.findByName(queries, name.organization);
      const origin = organization && (await stores.origins.lock(queries, organization.uid));
      const repository =
        origin && (await stores.repositories.findByName(queries, origin.organizationUid, name.repository));
      if (!origin?.originVersion || repository === undefined) return undefined;
      const now = clock.now();
      const { organizationUid, organizationName, originVersion } = origin;
      if (step === 0) {
        newest = await stores.manifests.newest(queries, repository.id);
        await stores.audit.append(queries, [
          newAuditEvent({
            kind: 'COLLECTED',
            at: now,
            actor,
            organization: { uid: organizationUid, name: organizationName },
            repository: repository.name,
            detail: { reason: 'PURGED' },
          }),
        ]);
      }
      const page = await stores.manifests.ofRepository(queries, repository.id, after, STEP);
      const rows = page.filter(({ id }) => newest !== undefined && id <= newest);
      const members = await loadMembers(queries, stores.manifests, rows);
      await removeManifests(queries, stores, { originVersion, organizationUid }, members, now);
      await stores.repositories.removeEmpty(queries, [repository.id]);
      await stores.invalidations.append(
        queries,
        [{ organizationUid, repository: repository.name, tag: '', digest: '' }],
        now,
      );
      last = page.at(-1)?.digest ?? after;
      return page.length === STEP;
    });
    after = last;
    if (more !== true) return step > 0 || more !== undefined;
    // The statements of SQLite are synchronous, so other work gets a turn between two steps.
    await nextTurn();
  }
}
