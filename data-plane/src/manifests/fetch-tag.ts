import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { Knowledge } from '../known/knowledge';
import { saysNothingAboutTag } from '../upstream/classify-upstream-error';
import type { ManifestCacheStatus, ManifestAnswer, ManifestLookup } from './content/manifest-answer';
import type { ManifestContents } from './content/manifest-contents';
import type { HeldManifest, ManifestKeeper, TagMove } from './manifest-keeper';
import type { CheckedTag, TagChecker } from './tag-checker';
import type { TagHints } from './tag-hints';

/** The dependencies of {@link TagFetcher}. */
export interface TagFetcherParts {
  readonly knowledge: Knowledge;
  readonly contents: ManifestContents;
  readonly keeper: ManifestKeeper;
  readonly checker: TagChecker;
  readonly hints: TagHints;
  readonly clock: Clock;
}

/** Brings the manifest that a tag points to at the upstream into the cache. */
export class TagFetcher {
  constructor(private readonly parts: TagFetcherParts) {}

  /**
   * The tag at the upstream points to another digest: take that manifest from the repository, or
   * fetch it. Every error "gone" that this throws is an answer to a GET of the tag itself.
   */
  async moved(
    target: PullTarget,
    tag: Tag,
    checked: CheckedTag,
    status: 'MISS' | 'UPDATED',
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    const { knowledge, contents, keeper } = this.parts;
    const { digest, checkedAt } = checked;
    const move = { tag, checkedAt };
    const known = await knowledge.manifest(target.key, digest);
    const content = known === undefined ? undefined : await contents.get(digest);
    if (known !== undefined && content !== undefined) {
      const manifest = { digest, mediaType: known.manifest.mediaType, content };
      return fromUpstream(await keeper.keep(target, manifest, move, query), status, checkedAt);
    }
    if (query.headOnly) return this.describe(target, await this.measured(target, tag, checked, query), move, status);
    if (checked.fetched !== undefined)
      return fromUpstream(await keeper.keep(target, checked.fetched, move, query), status, checkedAt);
    try {
      const held = await keeper.fetch(target, { kind: 'digest', digest }, move, query);
      return fromUpstream(held, status, checkedAt);
    } catch (error) {
      if (!saysNothingAboutTag(error)) throw error;
      return this.fetch(target, tag, status, query);
    }
  }

  /** Fetches the manifest that a tag points to, with one GET of the tag. */
  async fetch(
    target: PullTarget,
    tag: Tag,
    status: 'MISS' | 'UPDATED',
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    const { keeper, clock } = this.parts;
    return fromUpstream(await keeper.fetch(target, { kind: 'tag', tag }, { tag }, query), status, clock.now());
  }

  /**
   * Returns the answer to a HEAD request, and remembers the tag for the GET that usually follows.
   */
  private describe(
    target: PullTarget,
    { digest, mediaType, size, checkedAt }: CheckedTag & { readonly size: number },
    move: TagMove,
    cacheStatus: ManifestCacheStatus,
  ): ManifestAnswer {
    this.parts.hints.remember(target, digest, { ...move, checkedAt });
    const descriptor = { digest, mediaType, size };
    return { descriptor, content: undefined, cacheStatus, ageSeconds: undefined, upstreamStatus: 200, checkedAt };
  }

  /**
   * Returns a checked tag with the size of its manifest, which is fetched if the upstream did not
   * say the size to a HEAD. Nothing is stored.
   */
  private async measured(
    target: PullTarget,
    tag: Tag,
    checked: CheckedTag,
    query: ManifestLookup,
  ): Promise<CheckedTag & { readonly size: number }> {
    if (checked.size !== undefined) return { ...checked, size: checked.size };
    try {
      return { ...checked, size: await this.parts.checker.measure(target, checked.digest, query) };
    } catch (error) {
      if (!saysNothingAboutTag(error)) throw error;
      return this.parts.checker.fetch(target, tag, query);
    }
  }
}

function fromUpstream(
  { descriptor, content, kept }: HeldManifest,
  status: 'MISS' | 'UPDATED',
  checkedAt: number,
): ManifestAnswer {
  const cacheStatus = kept ? status : 'BYPASS';
  return { descriptor, content, cacheStatus, ageSeconds: undefined, upstreamStatus: 200, checkedAt };
}
