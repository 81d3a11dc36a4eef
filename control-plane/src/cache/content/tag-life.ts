import type { TagRow } from '../../../../schema/tables';

/**
 * An event in the life of a tag version. Times are milliseconds since the epoch, durations are
 * seconds. An event that does not apply changes nothing, because records of several data planes
 * arrive in any order.
 */
export type TagEvent =
  /** The upstream confirmed at `at` that the tag points to this version. */
  | { readonly kind: 'CONFIRMED'; readonly at: number; readonly expirationSeconds: number }
  /** The upstream answered at `at` that the tag points to another manifest. */
  | { readonly kind: 'REPLACED'; readonly at: number }
  /** The upstream answered at `at` that the tag does not exist. */
  | { readonly kind: 'DELETED_UPSTREAM'; readonly at: number }
  /** A user deleted the tag at `at`. */
  | { readonly kind: 'DELETED'; readonly at: number }
  /** Clients pulled the version. `hasLive`: the tag has a live version, this one or another. */
  | ({ readonly kind: 'PULLED'; readonly hasLive: boolean } & TagPulls)
  /** Collection looks for expired versions at `at`. */
  | { readonly kind: 'EXPIRED'; readonly at: number }
  /** A user set the expiration of the version. null = never. */
  | { readonly kind: 'EXPIRATION_SET'; readonly at: number; readonly expiresAt: number | null }
  /**
   * A user restored the version from the time machine, which keeps versions for `windowSeconds`.
   */
  | {
      readonly kind: 'RESTORED';
      readonly at: number;
      readonly windowSeconds: number;
      readonly expirationSeconds: number;
    }
  /** A user restored another version of the tag. */
  | { readonly kind: 'DISPLACED'; readonly at: number }
  /** Collection removes versions from the time machine that ended at or before `endedBefore`. */
  | { readonly kind: 'COLLECTED'; readonly endedBefore: number }
  /** fsck repaired the digest or the origin of the version. */
  | { readonly kind: 'RELINKED'; readonly digest: string; readonly originVersion: string };

/** Several pulls of one version, combined. */
export interface TagPulls {
  readonly count: number;
  readonly lastPulledAt: number;
  /** The latest pull that was not served stale. 0 if there was none. */
  readonly refreshedAt: number;
  /** When the upstream last confirmed the version for one of these pulls. 0 = never. */
  readonly checkedAt: number;
  readonly expirationSeconds: number;
}

/** The data of a new version. */
export interface TagStart {
  readonly repositoryId: number;
  readonly originVersion: string;
  readonly name: string;
  readonly manifestId: number;
  readonly digest: string;
  /** When the upstream was asked. */
  readonly checkedAt: number;
  readonly expirationSeconds: number;
}

/** Returns a new version that is live since the upstream was asked. */
export function startTag(start: TagStart): Omit<TagRow, 'id'> {
  return {
    repository_id: start.repositoryId,
    origin_version: start.originVersion,
    name: start.name,
    manifest_id: start.manifestId,
    digest: start.digest,
    live: 1,
    started_at: start.checkedAt,
    ended_at: null,
    end_reason: null,
    checked_at: start.checkedAt,
    expires_at: start.checkedAt + start.expirationSeconds * 1000,
    refreshed_at: start.checkedAt,
    expiration_set_at: null,
    last_pulled_at: null,
    pull_count: 0,
  };
}

/**
 * Returns a tag version after an event: unchanged if the event does not apply, and undefined if the
 * version is deleted. All rules for the life of versions are here
 * (docs/adr/0015-revive-expired-versions-after-a-successful-check.md).
 */
export function nextTag(tag: TagRow, event: TagEvent): TagRow | undefined {
  switch (event.kind) {
    case 'CONFIRMED':
      return confirmed(tag, event.at, event.expirationSeconds);
    case 'REPLACED':
      return isLive(tag) && event.at >= tag.checked_at ? ended(tag, event.at, 'MOVED') : tag;
    case 'DELETED_UPSTREAM':
      return isLive(tag) && event.at >= tag.checked_at ? ended(tag, event.at, 'DELETED') : tag;
    case 'DELETED':
      return isActive(tag, event.at) ? ended(tag, event.at, 'DELETED') : tag;
    case 'PULLED':
      return pulled(tag, event, event.hasLive);
    case 'EXPIRED':
      return hasExpired(tag, event.at) ? { ...tag, live: null, ended_at: tag.expires_at, end_reason: 'EXPIRED' } : tag;
    case 'EXPIRATION_SET':
      return isActive(tag, event.at) && (event.expiresAt === null || event.expiresAt > event.at)
        ? { ...tag, expires_at: event.expiresAt, expiration_set_at: event.at }
        : tag;
    case 'RESTORED':
      return canBeRestored(tag, event.at, event.windowSeconds)
        ? revived(tag, event.at, event.at, event.expirationSeconds)
        : tag;
    case 'DISPLACED':
      return displaced(tag, event.at);
    case 'COLLECTED':
      return tag.ended_at !== null && tag.ended_at <= event.endedBefore ? undefined : tag;
    case 'RELINKED':
      return { ...tag, digest: event.digest, origin_version: event.originVersion };
  }
}

/** Returns whether a version is served at `now`. */
export function isActive(tag: TagRow, now: number): boolean {
  return isLive(tag) && !hasExpired(tag, now);
}

/**
 * Returns whether a live version has expired at `now`. It is not served any more, and collection
 * will end it.
 */
export function hasExpired(tag: TagRow, now: number): boolean {
  return isLive(tag) && tag.expires_at !== null && tag.expires_at <= now;
}

/**
 * Returns when a version left service, by its end or its expiration. undefined while it is active.
 */
export function leftServiceAt(tag: TagRow, now: number): number | undefined {
  if (!isLive(tag)) return tag.ended_at ?? tag.started_at;
  return hasExpired(tag, now) ? (tag.expires_at ?? undefined) : undefined;
}

/**
 * Returns whether a version was deleted after `at`. Then an older answer of the upstream must not
 * revive it.
 */
export function wasDeletedAfter(tag: TagRow, at: number): boolean {
  return tag.end_reason === 'DELETED' && tag.ended_at !== null && tag.ended_at > at;
}

/**
 * A change of one version by {@link nextTag}. TagStore writes nothing else, so that no other code
 * can change the columns.
 */
export class TagChange {
  private constructor(
    readonly before: TagRow,
    readonly after: TagRow,
    /** The columns that differ, with their new values. */
    readonly columns: Partial<TagRow>,
  ) {}

  /**
   * Returns the change that an event makes. undefined if it changes nothing or the version is
   * deleted.
   */
  static of(before: TagRow, event: TagEvent): TagChange | undefined {
    const after = nextTag(before, event);
    if (after === undefined) return undefined;
    const names = (Object.keys(after) as (keyof TagRow)[]).filter((name) => after[name] !== before[name]);
    if (names.length === 0) return undefined;
    return new TagChange(before, after, Object.fromEntries(names.map((name) => [name, after[name]])));
  }

  /**
   * Whether the version began or ended. Then the place of its manifest in the eviction order can
   * change.
   */
  get beginsOrEnds(): boolean {
    return this.before.live !== this.after.live || this.before.ended_at !== this.after.ended_at;
  }
}

function isLive(tag: TagRow): boolean {
  return tag.live === 1;
}

function ended(tag: TagRow, at: number, reason: 'MOVED' | 'DELETED' | 'EXPIRED'): TagRow {
  return { ...tag, live: null, ended_at: Math.max(at, tag.started_at), end_reason: reason };
}

function revived(tag: TagRow, checkedAt: number, refreshedAt: number, expirationSeconds: number): TagRow {
  return {
    ...tag,
    live: 1,
    ended_at: null,
    end_reason: null,
    checked_at: checkedAt,
    refreshed_at: refreshedAt,
    expires_at: checkedAt + expirationSeconds * 1000,
    expiration_set_at: null,
  };
}

function confirmed(tag: TagRow, at: number, expirationSeconds: number): TagRow {
  if (at < tag.checked_at) return tag;
  // Only an expired version is revived by a check. The caller knows that the tag has no live
  // version.
  if (!isLive(tag))
    return tag.end_reason === 'EXPIRED' ? revived(tag, at, Math.max(at, tag.refreshed_at), expirationSeconds) : tag;
  const checked = { ...tag, checked_at: at };
  return refreshes(tag, at) ? refreshed(checked, at, expirationSeconds) : checked;
}

/**
 * Applies pulls to a version. A successful pull extends the expiration, including one that a user
 * set before the pull. A pull that was served stale does not. Times never decrease. An expired
 * version is revived if the upstream confirmed it and the tag has no live version.
 */
function pulled(tag: TagRow, pulls: TagPulls, hasLive: boolean): TagRow {
  const counted = {
    ...tag,
    pull_count: tag.pull_count + pulls.count,
    last_pulled_at: Math.max(tag.last_pulled_at ?? 0, pulls.lastPulledAt),
  };
  const isRefresh = pulls.refreshedAt > 0 && refreshes(tag, pulls.refreshedAt);
  const revives = tag.end_reason === 'EXPIRED' && !hasLive && isRefresh && pulls.checkedAt >= tag.checked_at;
  if (!isLive(tag) && !revives) return counted;
  const live: TagRow = {
    ...counted,
    live: 1,
    ended_at: null,
    end_reason: null,
    checked_at: Math.max(tag.checked_at, pulls.checkedAt),
  };
  return isRefresh ? refreshed(live, pulls.refreshedAt, pulls.expirationSeconds) : live;
}

function refreshes(tag: TagRow, at: number): boolean {
  return at >= tag.refreshed_at && at >= (tag.expiration_set_at ?? 0);
}

function refreshed(tag: TagRow, at: number, expirationSeconds: number): TagRow {
  return { ...tag, refreshed_at: at, expires_at: at + expirationSeconds * 1000, expiration_set_at: null };
}

function canBeRestored(tag: TagRow, at: number, windowSeconds: number): boolean {
  const left = leftServiceAt(tag, at);
  return left !== undefined && left > at - windowSeconds * 1000;
}

function displaced(tag: TagRow, at: number): TagRow {
  if (!isLive(tag)) return tag;
  return isActive(tag, at) ? ended(tag, at, 'MOVED') : ended(tag, tag.expires_at ?? at, 'EXPIRED');
}
