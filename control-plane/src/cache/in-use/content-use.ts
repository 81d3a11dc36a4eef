/** A blob that a data plane reads or fills, through one repository of an organization. */
export interface ContentUse {
  readonly organizationUid: string;
  readonly repository: string;
  readonly digest: string;
  /** When the oldest running read or fill began, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/**
 * Maximum time between the request for a manifest and the first byte of its blobs, in milliseconds.
 */
const PULL_MS = 900_000;

/**
 * Answers which images are in use, as far as this can be known. An image is being pulled if one of
 * its blobs is read or filled and its manifest was requested shortly before. (A base layer that is
 * always being read must not keep every image that uses it.)
 */
export class UsesInForce {
  private readonly started = new Map<string, number>();

  constructor(uses: readonly ContentUse[]) {
    for (const { repository, digest, startedAt } of uses) {
      const key = `${repository} ${digest}`;
      this.started.set(key, Math.max(startedAt, this.started.get(key) ?? 0));
    }
  }

  /**
   * Returns whether an image of the repository that was last requested at `usedAt` is being pulled.
   */
  isPulled(repository: string, digests: Iterable<string>, usedAt: number): boolean {
    if (this.started.size === 0) return false;
    for (const digest of digests) {
      const startedAt = this.started.get(`${repository} ${digest}`);
      if (startedAt !== undefined && usedAt >= startedAt - PULL_MS) return true;
    }
    return false;
  }
}
