import type { TagRow } from '../../../../schema/tables';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import type { Admission } from './admission';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { TagChange, type TagEvent, type TagStart } from '../content/tag-life';

/** A tag and the manifest that it will point to. */
export interface TagTarget {
  readonly repositoryId: number;
  readonly manifestId: number;
  readonly name: string;
}

/**
 * Points a tag to the admitted manifest. The caller has locked the origin. The tag moves only if
 * the upstream was asked no earlier than for the live version, because admissions of several data
 * planes and from journals arrive in any order. An expired version is revived if the upstream
 * confirms it.
 */
export async function pointTag(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  origin: Origin & { readonly expirationSeconds: number },
  target: TagTarget,
): Promise<void> {
  const { checkedAt } = admission;
  const { expirationSeconds } = origin;
  const live = await stores.tags.lockLive(queries, target.repositoryId, target.name);
  if (live === undefined) return startOrRevive(queries, stores, admission, target, expirationSeconds);
  if (live.digest === admission.manifest.digest)
    return confirm(queries, stores, live, { kind: 'CONFIRMED', at: checkedAt, expirationSeconds });
  const replaced = TagChange.of(live, { kind: 'REPLACED', at: checkedAt });
  if (replaced === undefined) return;
  await stores.tags.update(queries, replaced);
  await stores.tags.start(queries, toStart(target, admission, expirationSeconds));
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
}

async function startOrRevive(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  target: TagTarget,
  expirationSeconds: number,
): Promise<void> {
  const { checkedAt } = admission;
  // A later answer of the upstream said that the tag is gone. Records arrive in any order.
  if (await stores.tags.wasDeletedAfter(queries, target.repositoryId, target.name, checkedAt)) return;
  const expired = await stores.tags.findExpired(queries, target.repositoryId, target.name);
  if (expired !== undefined && checkedAt < expired.checked_at) return;
  if (expired?.manifest_id === target.manifestId)
    return confirm(queries, stores, expired, { kind: 'CONFIRMED', at: checkedAt, expirationSeconds });
  await stores.tags.start(queries, toStart(target, admission, expirationSeconds));
}

async function confirm(queries: Queries, stores: ContentStores, tag: TagRow, event: TagEvent): Promise<void> {
  const change = TagChange.of(tag, event);
  if (change !== undefined) await stores.tags.update(queries, change);
}

function toStart(target: TagTarget, admission: Admission, expirationSeconds: number): TagStart {
  return {
    ...target,
    originVersion: admission.key.originVersion,
    digest: admission.manifest.digest,
    checkedAt: admission.checkedAt,
    expirationSeconds,
  };
}
