import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';

/** How long content counts as in use after its last use has ended, or it was kept: what follows from the use must have time to be known. */
const RECENT_MS = 10_000;

/** Content as one repository uses it. */
export interface UsedContent {
  readonly organizationUid: string;
  readonly repository: string;
  readonly digest: Digest;
}

/** Content that is being read by a client or filled. `startedAt` is when the oldest use that still runs began, in milliseconds since the epoch. */
export interface ContentUse extends UsedContent {
  readonly startedAt: number;
}

/** One repository's uses of one digest that run: when each began, oldest first. */
interface Running {
  readonly content: UsedContent;
  readonly starts: Set<{ readonly at: number }>;
}

/**
 * What this node reads and fills, in memory: it is neither evicted nor deleted. Uses are begun and ended by whoever reads or fills; content that nobody
 * may read by a right of a repository (bytes on their way into the store) is held by its digest alone.
 */
export class ContentUses {
  /** Organization → repository and digest. */
  private readonly organizations = new Map<string, Map<string, Running>>();
  /** Uses and holds that run, by digest. */
  private readonly holds = new Map<Digest, number>();
  /** Until when the latest hold of a fixed length lasts, in milliseconds since the epoch. */
  private readonly heldUntil = new Map<Digest, number>();
  /** When something was last used. */
  private readonly recent = new Map<Digest, { at: number }>();

  /**
   * `isBehind`: records of what came in more than a few seconds ago wait to be delivered. Until they are, the control plane does not know what it
   * was promised, and may think that nobody wants content which it is about to be told of: then everything counts as in use.
   */
  constructor(
    private readonly clock: Clock,
    private readonly isBehind: () => boolean = () => false,
  ) {}

  /** A client reads it, or it is filled, from now until the function returned is called. That may be called again, without effect. */
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

  /** As {@link begin}, for nobody in particular: it is in use, and is not told to the control plane. */
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
   * Keeps content in use for at least `forMs` milliseconds from now, for nobody in particular. Cheap
   * to repeat: one hold lasts a quarter longer than asked, and serves those who ask meanwhile.
   */
  holdFor(digest: Digest, forMs: number): void {
    const now = this.clock.now();
    if ((this.heldUntil.get(digest) ?? -Infinity) >= now + forMs) return;
    const lasting = forMs + forMs / 4;
    this.heldUntil.set(digest, now + lasting);
    const release = this.hold(digest);
    this.clock.after(lasting, () => {
      release();
      if (this.heldUntil.get(digest) === now + lasting) this.heldUntil.delete(digest);
    });
  }

  /** It was used just now. Cheap: called for every manifest that is served. */
  touch(digest: Digest): void {
    const now = this.clock.now();
    const known = this.recent.get(digest);
    if (known !== undefined) {
      known.at = now;
      return;
    }
    this.recent.set(digest, { at: now });
    // One has come, two are looked at: no more are kept than twice those that count, and no call goes through all of them.
    for (let looks = 0; looks < 2; looks += 1) {
      // There is one: that which has just come, at least.
      const [other, used] = this.recent.entries().next().value!;
      this.recent.delete(other);
      if (now - used.at < RECENT_MS) this.recent.set(other, used);
    }
  }

  /** Whether it is being read or filled, or was within the last ten seconds, or nobody can tell whether it is wanted. */
  inUse(digest: Digest): boolean {
    if (this.holds.has(digest) || this.isBehind()) return true;
    const used = this.recent.get(digest);
    return used !== undefined && this.clock.now() - used.at < RECENT_MS;
  }

  /** What runs at present, oldest first, at most `limit`; of one organization where one is named. */
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
