/** A version of a tag in the model. Times are milliseconds since the epoch. */
export interface Version {
  readonly digest: string;
  /** True for the version that pulls find, expired or not. All others have ended. */
  readonly live: boolean;
  readonly endedAt: number | undefined;
  readonly endedBy: 'MOVED' | 'EXPIRED' | 'DELETED' | undefined;
  readonly checkedAt: number;
  /** undefined = never. */
  readonly expiresAt: number | undefined;
  readonly refreshedAt: number;
  readonly expirationSetAt: number | undefined;
}

/**
 * All versions of one tag, the oldest first. The functions below return new ones. They are written
 * only from docs/design/bounds.md#life-of-a-tag.
 */
export type Versions = readonly Version[];

const ENDED = { live: false } as const;
const LIVE = { live: true, endedAt: undefined, endedBy: undefined } as const;

/**
 * Returns the live version, or else the last version that expired: the one that a check of the
 * upstream is about.
 */
export function known(versions: Versions): Version | undefined {
  return versions.find(({ live }) => live) ?? versions.findLast(({ endedBy }) => endedBy === 'EXPIRED');
}

/** Returns whether the version may only be served after a successful check. */
export function isExpired({ expiresAt }: Version, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Returns when a version left service. undefined if it is active. */
export function leftAt(version: Version, now: number): number | undefined {
  if (!version.live) return version.endedAt;
  return isExpired(version, now) ? version.expiresAt : undefined;
}

/** Applies an upstream answer at `at` that the tag points to this digest, which was admitted. */
export function admitted(versions: Versions, digest: string, at: number, lifetime: number): Versions {
  const fresh: Version = {
    ...LIVE,
    digest,
    checkedAt: at,
    refreshedAt: at,
    expiresAt: at + lifetime,
    expirationSetAt: undefined,
  };
  const live = versions.find((version) => version.live);
  if (live === undefined) {
    if (versions.some(({ endedBy, endedAt }) => endedBy === 'DELETED' && endedAt! > at)) return versions;
    const expired = versions.findLast(({ endedBy }) => endedBy === 'EXPIRED');
    if (expired !== undefined && at < expired.checkedAt) return versions;
    return expired?.digest === digest ? changed(versions, expired, fresh) : [...versions, fresh];
  }
  if (at < live.checkedAt) return versions;
  if (live.digest !== digest) return [...changed(versions, live, { ...ENDED, endedAt: at, endedBy: 'MOVED' }), fresh];
  return changed(versions, live, at >= (live.expirationSetAt ?? 0) ? fresh : { checkedAt: at });
}

/**
 * Applies a pull of the tag that returned this digest. `good`: the upstream was asked, or did not
 * have to be. `checkedAt` is 0 if it was not asked.
 */
export function pulled(
  versions: Versions,
  digest: string,
  pull: { readonly at: number; readonly good: boolean; readonly checkedAt: number },
  lifetime: number,
): Versions {
  const version =
    versions.find((each) => each.live && each.digest === digest) ?? versions.findLast((each) => each.digest === digest);
  if (version === undefined || !pull.good) return versions;
  const refreshes = pull.at >= version.refreshedAt && pull.at >= (version.expirationSetAt ?? 0);
  const revives =
    version.endedBy === 'EXPIRED' && !versions.some(({ live }) => live) && pull.checkedAt >= version.checkedAt;
  if (!version.live && !(revives && refreshes)) return versions;
  return changed(versions, version, {
    ...LIVE,
    checkedAt: Math.max(version.checkedAt, pull.checkedAt),
    ...(refreshes ? { refreshedAt: pull.at, expiresAt: pull.at + lifetime, expirationSetAt: undefined } : {}),
  });
}

/** Applies a deletion of the tag by the upstream or by a user. */
export function deleted(versions: Versions, at: number): Versions {
  const live = versions.find((version) => version.live);
  if (live === undefined || at < live.checkedAt) return versions;
  return changed(versions, live, { ...ENDED, endedAt: at, endedBy: 'DELETED' });
}

/** Applies a manual expiration. */
export function expirationSet(versions: Versions, expiresAt: number | undefined, at: number): Versions {
  const live = versions.find((version) => version.live);
  return live === undefined ? versions : changed(versions, live, { expiresAt, expirationSetAt: at });
}

/** Makes the last version with this digest active again. */
export function restored(versions: Versions, digest: string, at: number, lifetime: number): Versions {
  const live = versions.find((version) => version.live);
  if (live !== undefined && live.digest === digest && !isExpired(live, at)) return versions;
  const version = live?.digest === digest ? live : versions.findLast((each) => !each.live && each.digest === digest);
  if (version === undefined) return versions;
  const fresh = { ...LIVE, checkedAt: at, refreshedAt: at, expiresAt: at + lifetime, expirationSetAt: undefined };
  if (live === undefined || live === version) return changed(versions, version, fresh);
  const left = isExpired(live, at)
    ? ({ endedAt: live.expiresAt, endedBy: 'EXPIRED' } as const)
    : ({ endedAt: at, endedBy: 'MOVED' } as const);
  return changed(changed(versions, live, { ...ENDED, ...left }), version, fresh);
}

/**
 * Applies a collection: expired versions move to the time machine, and versions past its retention
 * are removed.
 */
export function collected(versions: Versions, now: number, timeMachine: number): Versions {
  return versions
    .map((version) =>
      version.live && isExpired(version, now)
        ? { ...version, ...ENDED, endedAt: version.expiresAt, endedBy: 'EXPIRED' as const }
        : version,
    )
    .filter(({ endedAt }) => endedAt === undefined || endedAt > now - timeMachine);
}

/** Applies the eviction of an image. */
export function evicted(versions: Versions, digest: string): Versions {
  return versions.filter((version) => version.digest !== digest);
}

function changed(versions: Versions, version: Version, change: Partial<Version>): Versions {
  return versions.map((each) => (each === version ? { ...each, ...change } : each));
}
