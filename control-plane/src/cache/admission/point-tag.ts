import type { TagRow } from '../../../../schema/tables';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import type { Admission } from './admission';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { TagChange, type TagEvent, type TagStart } from '../content/tag-life';

/** Which tag is to point at which manifest. */
export interface TagTarget {
  readonly repositoryId: number;
  readonly manifestId: number;
  readonly name: string;
}

/**
 * Points a tag at the admitted manifest, in a transaction that has the origin locked. It moves only when upstream was asked about it
 * no earlier than about the version that is live: admissions of several data planes, and those from a journal, arrive in any order. A
 * version that has only expired is live again when upstream says that it is still the one.
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
  // The upstream was asked again later and said that the tag is gone: records arrive in any order.
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
