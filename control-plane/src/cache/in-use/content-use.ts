/** A blob that a data plane reads or fills, through one repository of an organization. */
export interface ContentUse {
  readonly organizationUid: string;
  readonly repository: string;
  readonly digest: string;
  /** When the oldest read or fill that still runs began, milliseconds since the epoch. */
  readonly startedAt: number;
}

/** How long before the first byte of a blob its manifest may have been asked for, in milliseconds. */
const PULL_MS = 900_000;

/**
 * What is in use, as far as it can be known: an image is being pulled when one of its blobs is read or filled, and the image was
 * asked for not long before that. (A base layer that is always being read does not keep every image that has it.)
 */
export class UsesInForce {
  private readonly started = new Map<string, number>();

  constructor(uses: readonly ContentUse[]) {
    for (const { repository, digest, startedAt } of uses) {
      const key = `${repository} ${digest}`;
      this.started.set(key, Math.max(startedAt, this.started.get(key) ?? 0));
    }
  }

  /** Whether an image of the repository that was last asked for at `usedAt` is being pulled. */
  isPulled(repository: string, digests: Iterable<string>, usedAt: number): boolean {
    if (this.started.size === 0) return false;
    for (const digest of digests) {
      const startedAt = this.started.get(`${repository} ${digest}`);
      if (startedAt !== undefined && usedAt >= startedAt - PULL_MS) return true;
    }
    return false;
  }
}
