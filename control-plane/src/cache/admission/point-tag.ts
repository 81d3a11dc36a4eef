import type { TagRow } from '../../../../schema/tables';
import { SYSTEM_ACTOR } from '../../tenancy/tokens/viewer';
import { newAuditEvent } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import type { Admission } from './admission';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';

/** Which tag is to point at which manifest. */
export interface TagTarget {
  readonly repositoryId: number;
  readonly manifestId: number;
  readonly name: string;
}

/**
 * Points a tag at the admitted manifest, in a transaction that has the origin locked. It moves only when upstream was asked about it
 * no earlier than about the version that is live: admissions of several data planes, and those from a journal, arrive in any order. A
 * version that has only expired is live again when upstream says that it is still the one. Gives the ids of manifests whose tags changed.
 */
export async function pointTag(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  origin: Origin & { readonly expirationSeconds: number },
  target: TagTarget,
): Promise<readonly number[]> {
  const { checkedAt } = admission;
  const expiresAt = checkedAt + origin.expirationSeconds * 1000;
  const live = await stores.tags.lockLive(queries, target.repositoryId, target.name);
  if (live === undefined) return startOrRevive(queries, stores, admission, target, expiresAt);
  if (checkedAt < live.checked_at) return [];
  if (live.digest === admission.manifest.digest) {
    await stores.tags.update(queries, live.id, {
      checked_at: checkedAt,
      ...(checkedAt >= live.refreshed_at && checkedAt >= (live.expiration_set_at ?? 0)
        ? { refreshed_at: checkedAt, expires_at: expiresAt, expiration_set_at: null }
        : {}),
    });
    return [];
  }
  await stores.tags.update(queries, live.id, {
    live: null,
    ended_at: Math.max(checkedAt, live.started_at),
    end_reason: 'MOVED',
  });
  await stores.tags.insert(queries, newVersion(target, admission, expiresAt));
  await stores.audit.append(queries, [
    newAuditEvent({
      kind: 'TAG_UPDATED_UPSTREAM',
      at: checkedAt,
      actor: SYSTEM_ACTOR,
      organization: { uid: origin.organizationUid, name: origin.organizationName },
      repository: admission.key.repository,
      reference: target.name,
      digest: admission.manifest.digest,
      ...(admission.requestId === '' ? {} : { requestId: admission.requestId.slice(0, 64) }),
      detail: { from: live.digest, to: admission.manifest.digest },
    }),
  ]);
  return [live.manifest_id, target.manifestId];
}

async function startOrRevive(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  target: TagTarget,
  expiresAt: number,
): Promise<readonly number[]> {
  const { checkedAt } = admission;
  // Upstream said later than this admission that the tag is gone: records of several data planes arrive in any order.
  if (await stores.tags.wasDeletedAfter(queries, target.repositoryId, target.name, checkedAt)) return [];
  const expired = await stores.tags.findExpired(queries, target.repositoryId, target.name);
  if (expired !== undefined && checkedAt < expired.checked_at) return [];
  if (expired?.manifest_id !== target.manifestId) {
    await stores.tags.insert(queries, newVersion(target, admission, expiresAt));
    return [target.manifestId];
  }
  await stores.tags.update(queries, expired.id, {
    live: 1,
    ended_at: null,
    end_reason: null,
    checked_at: checkedAt,
    refreshed_at: Math.max(checkedAt, expired.refreshed_at),
    expires_at: expiresAt,
    expiration_set_at: null,
  });
  return [target.manifestId];
}

function newVersion(target: TagTarget, admission: Admission, expiresAt: number): Omit<TagRow, 'id'> {
  return {
    repository_id: target.repositoryId,
    origin_version: admission.key.originVersion,
    name: target.name,
    manifest_id: target.manifestId,
    digest: admission.manifest.digest,
    live: 1,
    started_at: admission.checkedAt,
    ended_at: null,
    end_reason: null,
    checked_at: admission.checkedAt,
    expires_at: expiresAt,
    refreshed_at: admission.checkedAt,
    expiration_set_at: null,
    last_pulled_at: null,
    pull_count: 0,
  };
}
