import { LRUCache } from 'lru-cache';
import type { PullTarget } from '../access/pull-target';
import type { Digest } from '../../../common/oci/digest';
import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import { repositoryScope } from '../access/repository-scope';

const HINT_MILLISECONDS = 10 * 60_000;
const MAX_HINTS = 10_000;

/** A tag that pointed to a digest at the upstream, and when (milliseconds since the epoch). */
export interface TagHint {
  readonly tag: Tag;
  readonly checkedAt: number;
}

/**
 * Remembers which tags HEAD requests resolved. Docker and containerd send a HEAD for the tag and
 * then a GET for the digest. The HEAD stores nothing, and the GET does not name the tag; without
 * this memory, tags of these clients would never be cached.
 */
export class TagHints {
  private readonly hints = new LRUCache<string, TagHint>({ max: MAX_HINTS });

  constructor(private readonly clock: Clock) {}

  remember(target: PullTarget, digest: Digest, hint: TagHint): void {
    this.hints.set(`${repositoryScope(target)}\n${digest}`, hint);
  }

  /** Returns the tag that pointed to this digest most recently, at most ten minutes ago. */
  recall(target: PullTarget, digest: Digest): TagHint | undefined {
    const hint = this.hints.get(`${repositoryScope(target)}\n${digest}`);
    return hint !== undefined && Math.abs(this.clock.now() - hint.checkedAt) <= HINT_MILLISECONDS ? hint : undefined;
  }
}
