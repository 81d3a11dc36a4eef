import { parseDigest } from '../../../../common/oci/digest';
import { parseRepositoryName, parseTag } from '../../../../common/oci/reference';
import type { PullEvent__Output } from '../../../../proto/gen/layover/v1/PullEvent';
import type { ManifestRow, TagRow } from '../../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import type { RepositoryKey } from '../content/repository.store';
import { TagChange, type TagPulls } from '../content/tag-life';

/** A pull and the time at which it counts (milliseconds since the epoch). */
export interface TimedPull {
  readonly at: number;
  readonly event: PullEvent__Output;
  /** Whether an earlier attempt of the same request was counted as a pull of an image. */
  readonly isCounted?: boolean;
}

const SERVED = new Set(['HIT', 'REVALIDATED', 'UPDATED', 'MISS', 'STALE']);

/** Returns whether this is the cache status of a pull that returned a manifest. */
export function isServed(cacheStatus: string | null): boolean {
  return cacheStatus !== null && SERVED.has(cacheStatus);
}

/** Several pulls of one reference, combined. */
interface PullGroup extends TagPulls {
  readonly key: RepositoryKey;
  readonly tag: string | undefined;
  readonly digest: string;
}

/**
 * Applies pulls to tags, manifests and repositories: last pull, expiration and counts. Groups the
 * pulls by reference, so that the cost depends on the number of distinct images and not of pulls.
 * Pulls from a former upstream are ignored.
 */
export async function applyPulls(
  queries: Queries,
  stores: ContentStores,
  pulls: readonly TimedPull[],
  origins: ReadonlyMap<string, Origin>,
): Promise<void> {
  const groups = groupPulls(pulls, origins);
  if (groups.length === 0) return;
  const repositories = await stores.repositories.findMany(queries, [
    ...new Map(groups.map(({ key }) => [keyText(key), key])).values(),
  ]);
  const ids = new Map(
    repositories.map((row) => [
      keyText({ organizationUid: row.organization_uid, originVersion: row.origin_version, repository: row.name }),
      row.id,
    ]),
  );
  const known = groups.flatMap((group) => {
    const repositoryId = ids.get(keyText(group.key));
    return repositoryId === undefined ? [] : [{ ...group, repositoryId }];
  });
  await touchTags(queries, stores, known);
  await touchManifests(queries, stores, known);
  const lastPulled = new Map<number, number>();
  for (const { repositoryId, lastPulledAt } of known)
    lastPulled.set(repositoryId, Math.max(lastPulledAt, lastPulled.get(repositoryId) ?? 0));
  await stores.repositories.pulled(queries, lastPulled);
}

type KnownGroup = PullGroup & { readonly repositoryId: number };

async function touchTags(queries: Queries, stores: ContentStores, groups: readonly KnownGroup[]): Promise<void> {
  const tagged = groups.flatMap((group) => (group.tag === undefined ? [] : [{ ...group, name: group.tag }]));
  const rows = await stores.tags.lockMany(queries, tagged);
  const versions = new Map<string, TagRow>();
  for (const row of rows) {
    const key = `${row.repository_id} ${row.name} ${row.digest}`;
    const other = versions.get(key);
    // Prefers the live version, then the latest version with this digest.
    if (other === undefined || (other.live === null && (row.live === 1 || row.id > other.id))) versions.set(key, row);
  }
  const live = new Set(rows.filter((row) => row.live === 1).map((row) => `${row.repository_id} ${row.name}`));
  const changed = tagged.flatMap((group) => {
    const version = versions.get(`${group.repositoryId} ${group.name} ${group.digest}`);
    if (version === undefined) return [];
    const { count, lastPulledAt, refreshedAt, checkedAt, expirationSeconds } = group;
    const change = TagChange.of(version, {
      kind: 'PULLED',
      hasLive: live.has(`${group.repositoryId} ${group.name}`),
      count,
      lastPulledAt,
      refreshedAt,
      checkedAt,
      expirationSeconds,
    });
    if (change?.after.live === 1) live.add(`${group.repositoryId} ${group.name}`);
    return change === undefined ? [] : [change];
  });
  await stores.tags.pulled(queries, changed);
}

async function touchManifests(queries: Queries, stores: ContentStores, groups: readonly KnownGroup[]): Promise<void> {
  const lastPulled = new Map<string, KnownGroup>();
  for (const group of groups) {
    const key = `${group.repositoryId} ${group.digest}`;
    if ((lastPulled.get(key)?.lastPulledAt ?? 0) < group.lastPulledAt) lastPulled.set(key, group);
  }
  const rows = await stores.manifests.lockMany(queries, [...lastPulled.values()]);
  const changed = rows.flatMap((row) => {
    const at = lastPulled.get(`${row.repository_id} ${row.digest}`)!.lastPulledAt;
    return (row.last_pulled_at ?? 0) < at ? [usedAt({ ...row, last_pulled_at: at }, at)] : [];
  });
  await stores.manifests.pulled(queries, changed);
  await touchParents(queries, stores, changed);
}

/** Maximum depth of nested indexes (docs/design/pull-semantics.md#manifest-limits). */
const MAX_DEPTH = 4;

/** Records a pull of a child as a use of its indexes, because they are evicted together. */
async function touchParents(
  queries: Queries,
  stores: ContentStores,
  pulled: readonly ManifestRow[],
  depth = 0,
): Promise<void> {
  const keys = pulled.map(({ repository_id, digest }) => ({ repositoryId: repository_id, digest }));
  const parents = await stores.manifests.parents(queries, keys);
  if (parents.length === 0 || depth === MAX_DEPTH) return;
  const used = new Map(pulled.map((row) => [`${row.repository_id} ${row.digest}`, row.used_at]));
  const latest = new Map<number, number>();
  for (const { manifest_id, repository_id, digest } of parents) {
    const at = used.get(`${repository_id} ${digest}`) ?? 0;
    latest.set(manifest_id, Math.max(at, latest.get(manifest_id) ?? 0));
  }
  const rows = await stores.manifests.findByIds(queries, [...latest.keys()]);
  const changed = rows.flatMap((row) => {
    const at = latest.get(row.id)!;
    return row.used_at < at ? [usedAt(row, at)] : [];
  });
  await stores.manifests.pulled(queries, changed);
  await touchParents(queries, stores, changed, depth + 1);
}

/**
 * Returns the manifest with a new time of last use. This also moves its place in the eviction
 * order, unless only the time machine keeps it.
 */
function usedAt(row: ManifestRow, at: number): ManifestRow {
  const used = Math.max(row.used_at, at);
  return { ...row, used_at: used, eviction_at: row.eviction_class === 0 ? row.eviction_at : used };
}

function groupPulls(pulls: readonly TimedPull[], origins: ReadonlyMap<string, Origin>): readonly PullGroup[] {
  const groups = new Map<string, Mutable<PullGroup>>();
  for (const { at, event, isCounted = false } of pulls) {
    const origin = origins.get(event.organizationUid);
    const digest = parseDigest(event.digest);
    if (digest === undefined || !isServed(event.cacheStatus) || event.httpStatus >= 400) continue;
    if (origin?.originVersion !== event.originVersion || origin.expirationSeconds === null) continue;
    if (parseRepositoryName(event.repository) === undefined) continue;
    const key = {
      organizationUid: event.organizationUid,
      originVersion: event.originVersion,
      repository: event.repository,
    };
    const tag = parseTag(event.reference);
    const name = `${keyText(key)} ${tag ?? ''} ${digest}`;
    let group = groups.get(name);
    if (group === undefined) {
      const { expirationSeconds } = origin;
      group = { key, tag, digest, expirationSeconds, count: 0, lastPulledAt: 0, refreshedAt: 0, checkedAt: 0 };
      groups.set(name, group);
    }
    if (!isCounted) group.count += 1;
    group.lastPulledAt = Math.max(group.lastPulledAt, at);
    if (event.cacheStatus !== 'STALE') group.refreshedAt = Math.max(group.refreshedAt, at);
    if (Number.isSafeInteger(event.checkedAt)) group.checkedAt = Math.max(group.checkedAt, event.checkedAt);
  }
  return [...groups.values()];
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function keyText(key: RepositoryKey): string {
  return `${key.organizationUid} ${key.originVersion} ${key.repository}`;
}
