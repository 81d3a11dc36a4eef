import type { Clock } from '../../../common/runtime/clock';
import type { TagRow } from '../../../schema/tables';
import { SYSTEM_ACTOR } from '../access/viewer';
import { newAuditEvent } from '../audit/audit-event';
import type { AuditStore } from '../audit/audit.store';
import type { Queries } from '../db/database';
import type { ManifestStore } from '../manifest/manifest.store';
import type { RepositoryStore } from '../repository/repository.store';
import type { TagStore } from '../tag/tag.store';
import type { Admission } from './admission';
import type { OriginStore } from './origin.store';

/** What is decided about a manifest; quota adds REJECTED. */
export type AdmissionDecision = 'ADMITTED' | 'PASS_THROUGH';

/** The stores that keep content. */
export interface ContentStores {
  readonly origins: OriginStore;
  readonly repositories: RepositoryStore;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly audit: AuditStore;
}

/**
 * Keeps a manifest and points its tag at it, in the caller's transaction. Doing it twice is harmless.
 *
 * PASS_THROUGH where there is nothing to keep it for: the organization was deleted meanwhile, or has another upstream.
 * A tag moves only when upstream was asked about it no earlier than about the version that is live: admissions of
 * several data planes, and those from a journal, arrive in any order.
 */
export async function admitManifest(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  clock: Clock,
): Promise<AdmissionDecision> {
  const origin = await stores.origins.lock(queries, admission.key.organizationUid);
  if (origin?.originVersion !== admission.key.originVersion || origin.expirationSeconds === null) return 'PASS_THROUGH';
  const now = clock.now();
  const repository = await stores.repositories.findOrCreate(queries, admission.key, now);
  const manifest = await stores.manifests.findOrCreate(
    queries,
    {
      repository_id: repository.id,
      digest: admission.manifest.digest,
      media_type: admission.manifest.mediaType,
      size: admission.manifest.size,
      artifact_type: admission.artifactType ?? null,
      created_at: now,
    },
    admission.references,
  );
  if (admission.tag !== undefined)
    await pointTag(queries, stores, admission, origin.organizationName, origin.expirationSeconds, {
      repositoryId: repository.id,
      manifestId: manifest.id,
      name: admission.tag,
    });
  return 'ADMITTED';
}

interface TagTarget {
  readonly repositoryId: number;
  readonly manifestId: number;
  readonly name: string;
}

async function pointTag(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  organizationName: string,
  expirationSeconds: number,
  target: TagTarget,
): Promise<void> {
  const { checkedAt } = admission;
  const live = await stores.tags.lockLive(queries, target.repositoryId, target.name);
  const expiresAt = checkedAt + expirationSeconds * 1000;
  if (live === undefined) {
    // Upstream said later than this admission that the tag is gone: records of several data planes arrive in any order.
    if (await stores.tags.wasDeletedAfter(queries, target.repositoryId, target.name, checkedAt)) return;
    await stores.tags.insert(queries, newVersion(target, admission, expiresAt));
    return;
  }
  if (checkedAt < live.checked_at) return;
  if (live.digest === admission.manifest.digest) {
    await stores.tags.update(queries, live.id, {
      checked_at: checkedAt,
      ...(checkedAt >= live.refreshed_at && checkedAt >= (live.expiration_set_at ?? 0)
        ? { refreshed_at: checkedAt, expires_at: expiresAt, expiration_set_at: null }
        : {}),
    });
    return;
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
      organization: { uid: admission.key.organizationUid, name: organizationName },
      repository: admission.key.repository,
      reference: target.name,
      digest: admission.manifest.digest,
      ...(admission.requestId === '' ? {} : { requestId: admission.requestId.slice(0, 64) }),
      detail: { from: live.digest, to: admission.manifest.digest },
    }),
  ]);
}

function newVersion(target: TagTarget, admission: Admission, expiresAt: number): Omit<TagRow, 'id'> {
  return {
    repository_id: target.repositoryId,
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
