import { parseRepositoryName, parseTag } from '../../../../common/oci/reference';
import type { PullEvent__Output } from '../../../../proto/gen/layover/v1/PullEvent';
import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import type { RepositoryKey } from '../content/repository.store';
import { TagChange } from '../content/tag-life';
import type { TimedPull } from './apply-pulls';

/** A tag that the upstream reported as deleted. */
interface Deletion {
  readonly key: RepositoryKey;
  readonly organizationName: string;
  readonly tag: string;
  /** The upstream's answers, oldest first. `checkedAt` is in milliseconds since the epoch. */
  readonly answers: { readonly checkedAt: number; readonly upstreamStatus: number; readonly requestId: string }[];
}

/**
 * Ends tags that the upstream has deleted (`onUpstreamDelete` = PROPAGATE,
 * docs/design/bounds.md#upstream-deletions) and writes an audit event for each. Without this, a
 * data plane with an empty local index would serve them again in a later outage. A tag stays if a
 * later check found it at the upstream. With KEEP no tag is ended, and its expiration decides.
 */
export async function endDeletedUpstream(
  queries: Queries,
  stores: ContentStores,
  pulls: readonly TimedPull[],
  origins: ReadonlyMap<string, Origin>,
): Promise<void> {
  const deletions = findDeletions(pulls, origins);
  if (deletions.length === 0) return;
  const repositories = await stores.repositories.findMany(queries, [
    ...new Map(deletions.map(({ key }) => [keyText(key), key])).values(),
  ]);
  const byId = new Map(repositories.map((row) => [row.id, row]));
  const ids = new Map(
    repositories.map((row) => [
      keyText({ organizationUid: row.organization_uid, originVersion: row.origin_version, repository: row.name }),
      row.id,
    ]),
  );
  const wanted = new Map<string, Deletion>();
  for (const deletion of deletions) {
    const id = ids.get(keyText(deletion.key));
    if (id !== undefined) wanted.set(`${id} ${deletion.tag}`, deletion);
  }
  const live = await stores.tags.lockLiveMany(
    queries,
    [...wanted].map(([text, { tag }]) => ({ repositoryId: Number(text.split(' ', 1)[0]), name: tag })),
  );
  const events = [];
  for (const row of live) {
    const deletion = wanted.get(`${row.repository_id} ${row.name}`)!;
    const ends = deletion.answers
      .map((answer) => ({ answer, change: TagChange.of(row, { kind: 'DELETED_UPSTREAM', at: answer.checkedAt }) }))
      .find(({ change }) => change !== undefined);
    if (ends?.change === undefined) continue;
    const { answer, change } = ends;
    await stores.tags.update(queries, change);
    events.push(
      newAuditEvent({
        kind: 'TAG_DELETED',
        at: answer.checkedAt,
        actor: SYSTEM_ACTOR,
        organization: { uid: deletion.key.organizationUid, name: deletion.organizationName },
        repository: byId.get(row.repository_id)!.name,
        reference: row.name,
        digest: row.digest,
        ...(answer.requestId === '' ? {} : { requestId: answer.requestId.slice(0, 64) }),
        detail: { deletedBy: 'upstream', upstreamStatus: answer.upstreamStatus },
      }),
    );
  }
  await stores.audit.append(queries, events);
}

function findDeletions(pulls: readonly TimedPull[], origins: ReadonlyMap<string, Origin>): readonly Deletion[] {
  const deletions = new Map<string, Deletion>();
  for (const { event } of pulls) {
    const origin = origins.get(event.organizationUid);
    const tag = parseTag(event.reference);
    if (tag === undefined || !saysDeleted(event) || parseRepositoryName(event.repository) === undefined) continue;
    if (origin?.originVersion !== event.originVersion || origin.onUpstreamDelete !== 'PROPAGATE') continue;
    const { organizationUid, originVersion, repository } = event;
    const key = { organizationUid, originVersion, repository };
    const name = `${keyText(key)} ${tag}`;
    const deletion = deletions.get(name) ?? { key, organizationName: origin.organizationName, tag, answers: [] };
    const { checkedAt, upstreamStatus, requestId } = event;
    deletion.answers.push({ checkedAt, upstreamStatus, requestId });
    deletions.set(name, deletion);
  }
  for (const { answers } of deletions.values()) answers.sort((a, b) => a.checkedAt - b.checkedAt);
  return [...deletions.values()];
}

/**
 * Returns whether the upstream itself answered that the tag is gone (404 or 410). Only then is
 * `checked_at` of a 404 set (see PullEvent in catalog.proto).
 */
function saysDeleted(event: PullEvent__Output): boolean {
  return (
    event.httpStatus === 404 &&
    (event.upstreamStatus === 404 || event.upstreamStatus === 410) &&
    Number.isSafeInteger(event.checkedAt) &&
    event.checkedAt > 0
  );
}

function keyText(key: RepositoryKey): string {
  return `${key.organizationUid} ${key.originVersion} ${key.repository}`;
}
