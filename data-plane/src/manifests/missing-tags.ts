import { LayoverError } from '../../../common/errors/layover-error';
import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import { TtlCache } from '../../../common/runtime/ttl-cache';
import type { PullTarget } from '../access/pull-target';
import { repositoryScope } from '../access/repository-scope';

const REMEMBERED_SECONDS = 3;
const MAX_TAGS = 10_000;

/**
 * Remembers for a few seconds which tags an upstream does not have, so that many clients that wait
 * for a tag, or pull one that does not exist, cost few requests
 * (docs/design/pull-semantics.md#missing-tags). Bounded. The check of a cached tag never asks here.
 */
export class MissingTags {
  /** What the upstream said. */
  private readonly messages: TtlCache<string>;

  constructor(clock: Clock) {
    this.messages = new TtlCache(clock, MAX_TAGS);
  }

  /**
   * Remembers the answer of the upstream to a GET of a tag. `alsoAccept` are the media types that
   * were asked for: the tag may exist with another one.
   */
  remember(target: PullTarget, tag: Tag, alsoAccept: readonly string[], answer: LayoverError): void {
    this.messages.set(keyOf(target, tag, alsoAccept), answer.message, REMEMBERED_SECONDS * 1000);
  }

  /** Forgets a tag that the upstream has by now. */
  forget(target: PullTarget, tag: Tag, alsoAccept: readonly string[]): void {
    this.messages.delete(keyOf(target, tag, alsoAccept));
  }

  /**
   * Throws MANIFEST_UNKNOWN if the tag is remembered as missing. The error has no status of the
   * upstream, which was not asked.
   */
  requireUnknown(target: PullTarget, tag: Tag, alsoAccept: readonly string[]): void {
    const message = this.messages.get(keyOf(target, tag, alsoAccept));
    if (message === undefined) return;
    throw new LayoverError('MANIFEST_UNKNOWN', {
      message: `${message}; it was asked less than ${REMEMBERED_SECONDS} seconds ago`,
    });
  }
}

function keyOf(target: PullTarget, tag: Tag, alsoAccept: readonly string[]): string {
  return `${repositoryScope(target)}\n${tag}\n${alsoAccept.join(',')}`;
}
