import { toLayoverError } from '../../../common/errors/layover-error';
import { isManifestType, MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import type { Tag } from '../../../common/oci/reference';
import type { PullTarget } from '../access/pull-target';
import type { CachedTag } from '../known/catalog';
import { classifyUpstreamError, saysNothingAboutTag } from '../upstream/classify-upstream-error';
import type { ManifestAnswer, ManifestLookup } from './content/manifest-answer';
import { TagFetcher, type TagFetcherParts } from './fetch-tag';
import { tagValue } from './manifest-keeper';
import { MissingTags } from './missing-tags';
import type { CheckedTag } from './tag-checker';
import { isAnswerOfGoneTag, tagGone, withoutTag } from './tag-gone';

/** The dependencies of the tag resolver. */
export type TagResolverParts = TagFetcherParts;

/** Changes of an expiration below this many milliseconds are not written. */
const EXPIRATION_PRECISION_MS = 1000;

/**
 * Resolves a manifest by tag, following the table in docs/design/pull-semantics.md#manifest-by-tag.
 */
export class TagManifestResolver {
  private readonly fetcher: TagFetcher;
  private readonly missing: MissingTags;

  constructor(private readonly parts: TagResolverParts) {
    this.fetcher = new TagFetcher(parts);
    this.missing = new MissingTags(parts.clock);
  }

  /**
   * Returns the manifest of a tag. Throws MANIFEST_UNKNOWN if the upstream answers that the tag
   * does not exist; UPSTREAM_DENIED, TOO_MANY_REQUESTS and outages if no cached manifest may be
   * served instead; QUOTA_EXCEEDED; STORE_FAILED; CANCELLED.
   */
  async resolve(target: PullTarget, tag: Tag, query: ManifestLookup): Promise<ManifestAnswer> {
    const cached = await this.parts.knowledge.tag(target.key, tag);
    if (cached === undefined) return this.resolveUncached(target, tag, query);
    const now = this.parts.clock.now();
    const age = now - cached.checkedAt;
    // A negative age means that the clock was set back: only the upstream can confirm the tag then.
    if (!isExpired(cached, now) && age >= 0 && age < target.proxy.revalidateAfterSeconds * 1000) {
      const answer = await this.serveCached(target, tag, cached, 'HIT', query);
      this.pushExpiration(target, tag, cached, now);
      return answer;
    }
    return this.revalidate(target, tag, cached, acceptingType(query, cached.manifest.mediaType));
  }

  /**
   * Extends the expiration of a tag after a pull, even if it was set by hand
   * (docs/design/bounds.md#expiration). The precision is a second, so that a frequently pulled tag
   * is not written at every pull.
   */
  private pushExpiration(target: PullTarget, tag: Tag, cached: CachedTag, now: number): void {
    const expiresAt = now + target.proxy.expirationSeconds * 1000;
    if (cached.expiresAt !== undefined && Math.abs(expiresAt - cached.expiresAt) < EXPIRATION_PRECISION_MS) return;
    this.parts.knowledge.pushExpiration(target.key, tag, cached, expiresAt);
  }

  /**
   * Resolves a tag that is not cached. A GET has no HEAD before it, so that a cold pull costs one
   * request.
   */
  private async resolveUncached(target: PullTarget, tag: Tag, query: ManifestLookup): Promise<ManifestAnswer> {
    const { missing } = this;
    missing.requireUnknown(target, tag, query.alsoAccept);
    try {
      const answer = query.headOnly
        ? await this.fetcher.moved(target, tag, await this.parts.checker.check(target, tag, query), 'MISS', query)
        : await this.fetcher.fetch(target, tag, 'MISS', query);
      missing.forget(target, tag, query.alsoAccept);
      return answer;
    } catch (error) {
      if (!isAnswerOfGoneTag(error)) throw withoutTag(error);
      missing.remember(target, tag, query.alsoAccept, toLayoverError(error));
      throw tagGone(error, false);
    }
  }

  private async revalidate(
    target: PullTarget,
    tag: Tag,
    cached: CachedTag,
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    let checked: CheckedTag;
    try {
      checked = await this.parts.checker.check(target, tag, query);
    } catch (error) {
      return this.withoutAnswer(target, tag, cached, error, query);
    }
    const same = checked.digest === cached.manifest.digest;
    // If the manifest was evicted during the upstream request, it is admitted again: a tag that
    // only this node remembers would be served although no origin holds it.
    if (same && (await this.parts.knowledge.tag(target.key, tag)) !== undefined) {
      this.parts.knowledge.putTag(target.key, tag, tagValue(target, cached.manifest, checked.checkedAt));
      const answer = await this.serveCached(target, tag, cached, 'REVALIDATED', query);
      return { ...answer, ageSeconds: undefined, upstreamStatus: 200, checkedAt: checked.checkedAt };
    }
    try {
      return await this.fetcher.moved(target, tag, checked, same ? 'MISS' : 'UPDATED', query);
    } catch (error) {
      // Some upstreams limit GETs but not HEADs. The new version is then unavailable, and the old
      // one is still valid.
      return this.withoutAnswer(target, tag, cached, error, query);
    }
  }

  /** Handles a tag that the upstream did not confirm: the rows for 404, 401/403 and outages. */
  private async withoutAnswer(
    target: PullTarget,
    tag: Tag,
    cached: CachedTag,
    error: unknown,
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    const now = this.parts.clock.now();
    const trouble = classifyUpstreamError(error);
    if (isAnswerOfGoneTag(error)) {
      const ends = target.proxy.onUpstreamDelete === 'PROPAGATE';
      if (ends) this.parts.knowledge.removeTag(target.key, tag);
      if (ends || isExpired(cached, now)) throw tagGone(error, ends);
    } else if (trouble === 'gone') {
      if (isExpired(cached, now)) throw withoutTag(error);
    } else if (trouble !== 'outage' || isExpired(cached, now) || isTooStale(target, cached, now)) {
      throw error;
    }
    const answer = await this.serveCached(target, tag, cached, 'STALE', query).catch((failure: unknown) => {
      // The bytes are lost, so the answer is what the upstream said about the tag.
      if (!saysNothingAboutTag(failure)) throw failure;
      throw withoutTag(error);
    });
    return { ...answer, upstreamStatus: toLayoverError(error).upstreamStatus ?? 0 };
  }

  /**
   * Returns the cached version. If its bytes are missing, they are fetched again and the client
   * does not notice. If the upstream does not have them any more, it is asked for the tag.
   */
  private async serveCached(
    target: PullTarget,
    tag: Tag,
    cached: CachedTag,
    cacheStatus: 'HIT' | 'REVALIDATED' | 'STALE',
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    const { contents, keeper, clock } = this.parts;
    const { manifest } = cached;
    let content = await contents.get(manifest.digest);
    if (content === undefined) {
      try {
        const held = await keeper.fetch(target, { kind: 'digest', digest: manifest.digest }, undefined, query);
        content = held.content;
      } catch (error) {
        // Before a stale answer, the upstream was asked for the tag just now.
        if (!saysNothingAboutTag(error) || cacheStatus === 'STALE') throw error;
        return this.replaceLost(target, tag, query);
      }
    }
    const ageSeconds = Math.max(0, Math.floor((clock.now() - cached.checkedAt) / 1000));
    return { descriptor: manifest, content, cacheStatus, ageSeconds, upstreamStatus: 0, checkedAt: 0 };
  }

  /** Fetches the tag because the bytes of its cached version are lost here and at the upstream. */
  private async replaceLost(target: PullTarget, tag: Tag, query: ManifestLookup): Promise<ManifestAnswer> {
    try {
      return await this.fetcher.fetch(target, tag, 'UPDATED', query);
    } catch (error) {
      if (!isAnswerOfGoneTag(error)) throw withoutTag(error);
      const ends = target.proxy.onUpstreamDelete === 'PROPAGATE';
      if (ends) this.parts.knowledge.removeTag(target.key, tag);
      throw tagGone(error, ends);
    }
  }
}

/**
 * Returns a query that asks for the media type of the cached version too. Otherwise a registry that
 * answers 404 unless Accept names that type would end the tag.
 */
function acceptingType(query: ManifestLookup, mediaType: string): ManifestLookup {
  if (MANIFEST_ACCEPT.includes(mediaType) || !isManifestType(mediaType)) return query;
  return { ...query, alsoAccept: [...new Set([...query.alsoAccept, mediaType])].sort() };
}

function isExpired(cached: CachedTag, now: number): boolean {
  return cached.expiresAt !== undefined && cached.expiresAt <= now;
}

function isTooStale(target: PullTarget, cached: CachedTag, now: number): boolean {
  const limit = target.proxy.staleIfErrorSeconds;
  return limit !== undefined && now - cached.checkedAt > limit * 1000;
}
