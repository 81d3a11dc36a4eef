import { LRUCache } from 'lru-cache';
import type { PullTarget } from '../access/pull-target';
import type { Digest } from '../../../common/oci/digest';
import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import { repositoryScope } from '../access/repository-scope';

const HINT_MILLISECONDS = 10 * 60_000;
const MAX_HINTS = 10_000;

/** A tag that upstream said points at a digest, and when (milliseconds since the epoch). */
export interface TagHint {
  readonly tag: Tag;
  readonly checkedAt: number;
}

/**
 * Docker and containerd ask HEAD for the tag and then GET for the digest. The HEAD keeps nothing, and the GET does not say
 * which tag it is for; without remembering the first, these clients would never get a tag into the cache.
 */
export class TagHints {
  private readonly hints = new LRUCache<string, TagHint>({ max: MAX_HINTS });

  constructor(private readonly clock: Clock) {}

  remember(target: PullTarget, digest: Digest, hint: TagHint): void {
    this.hints.set(`${repositoryScope(target)}\n${digest}`, hint);
  }

  /** The tag that was last seen at this digest, at most ten minutes ago. */
  recall(target: PullTarget, digest: Digest): TagHint | undefined {
    const hint = this.hints.get(`${repositoryScope(target)}\n${digest}`);
    return hint !== undefined && this.clock.now() - hint.checkedAt <= HINT_MILLISECONDS ? hint : undefined;
  }
}
