import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';

/**
 * How long content counts as in use after its last use or after it was stored, in milliseconds. In
 * this time, the consequences of the use are recorded.
 */
const RECENT_MS = 10_000;

/** Content as a repository uses it. */
export interface UsedContent {
  readonly organizationUid: string;
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * Content that a client reads or a fill writes. `startedAt` is the start of its oldest running use,
 * in milliseconds since the epoch.
 */
export interface ContentUse extends UsedContent {
  readonly startedAt: number;
}

/** The running uses of one digest by one repository, with their starts, oldest first. */
interface Running {
  readonly content: UsedContent;
  readonly starts: Set<{ readonly at: number }>;
}

/**
 * Keeps in memory which content this node reads and fills; such content is neither evicted nor
 * deleted. Readers and fills begin and end uses. Bytes on their way into the store belong to no
 * repository yet; they are held by their digest alone.
 */
export class ContentUses {
  /** Organization → repository and digest. */
  private readonly organizations = new Map<string, Map<string, Running>>();
  /** Number of running uses and holds, by digest. */
  private readonly holds = new Map<Digest, number>();
  /** The end of the latest hold with a fixed duration, as Clock.steady. */
  private readonly heldUntil = new Map<Digest, number>();
  /** Times of the last use, as Clock.steady. */
  private readonly recent = new Map<Digest, { at: number }>();

  /**
   * `isBehind` returns whether records older than a few seconds wait for delivery. Until they are
   * delivered, the control plane may not know of promised content and may believe that nothing
   * needs it. Therefore all content counts as in use then.
   */
  constructor(
    private readonly clock: Clock,
    private readonly isBehind: () => boolean = () => false,
  ) {}

  /**
   * Begins a use by a client or a fill, until the returned function is called. That function is
   * idempotent.
   */
  begin({ organizationUid, repository, digest }: UsedContent): () => void {
    const running = this.running(organizationUid, repository, digest);
    const start = { at: this.clock.now() };
    running.starts.add(start);
    const release = this.hold(digest);
    return () => {
      if (!running.starts.delete(start)) return;
      if (running.starts.size === 0) this.remove(running.content);
      release();
    };
  }

  /**
   * Like {@link begin}, but for no repository: the content is in use, but not reported to the
   * control plane.
   */
  hold(digest: Digest): () => void {
    this.holds.set(digest, (this.holds.get(digest) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const left = this.holds.get(digest)! - 1;
      if (left === 0) this.holds.delete(digest);
      else this.holds.set(digest, left);
      this.touch(digest);
    };
  }

  /**
   * Keeps content in use for at least `forMs` milliseconds from now, for no repository. Cheap to
   * repeat: a hold lasts a quarter longer than requested, and also serves requests in that time.
   */
  holdFor(digest: Digest, forMs: number): void {
    const now = this.clock.steady();
    if ((this.heldUntil.get(digest) ?? -Infinity) >= now + forMs) return;
    const lasting = forMs + forMs / 4;
    this.heldUntil.set(digest, now + lasting);
    const release = this.hold(digest);
    this.clock.after(lasting, () => {
      release();
      if (this.heldUntil.get(digest) === now + lasting) this.heldUntil.delete(digest);
    });
  }

  /** Records that content was used just now. Cheap: called for every served manifest. */
  touch(digest: Digest): void {
    const now = this.clock.steady();
    const known = this.recent.get(digest);
    if (known !== undefined) {
      known.at = now;
      return;
    }
    this.recent.set(digest, { at: now });
    // One entry is added and two are checked. So the map holds at most twice the recent entries,
    // and no call visits all of them.
    for (let looks = 0; looks < 2; looks += 1) {
      // At least the new entry exists.
      const [other, used] = this.recent.entries().next().value!;
      this.recent.delete(other);
      if (now - used.at < RECENT_MS) this.recent.set(other, used);
    }
  }

  /**
   * Returns whether the content is read or filled, was so within the last ten seconds, or might be
   * needed for all this node can tell.
   */
  inUse(digest: Digest): boolean {
    if (this.holds.has(digest) || this.isBehind()) return true;
    const used = this.recent.get(digest);
    return used !== undefined && this.clock.steady() - used.at < RECENT_MS;
  }

  /**
   * Lists at most `limit` running uses, oldest first; only those of one organization if it is
   * given.
   */
  list(limit: number, organizationUid?: string): ContentUse[] {
    const every = [...this.organizations.values()];
    const organizations = organizationUid === undefined ? every : [this.organizations.get(organizationUid)];
    const all: ContentUse[] = [];
    for (const organization of organizations) {
      for (const { content, starts } of organization?.values() ?? []) {
        const [oldest] = starts;
        all.push({ ...content, startedAt: oldest!.at });
      }
    }
    return all.sort((a, b) => a.startedAt - b.startedAt).slice(0, limit);
  }

  private running(organizationUid: string, repository: string, digest: Digest): Running {
    let organization = this.organizations.get(organizationUid);
    if (organization === undefined) this.organizations.set(organizationUid, (organization = new Map()));
    const key = `${repository} ${digest}`;
    let running = organization.get(key);
    if (running === undefined) {
      running = { content: { organizationUid, repository, digest }, starts: new Set() };
      organization.set(key, running);
    }
    return running;
  }

  private remove({ organizationUid, repository, digest }: UsedContent): void {
    const organization = this.organizations.get(organizationUid);
    organization?.delete(`${repository} ${digest}`);
    if (organization?.size === 0) this.organizations.delete(organizationUid);
  }
}
