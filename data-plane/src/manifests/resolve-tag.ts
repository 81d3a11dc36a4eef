import { isLayoverError, LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { CachedTag } from '../known/catalog';
import type { Knowledge } from '../known/knowledge';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { ManifestCacheStatus, ManifestAnswer, ManifestLookup } from './content/manifest-answer';
import type { ManifestContents } from './content/manifest-contents';
import { type ManifestKeeper, tagValue } from './manifest-keeper';
import type { CheckedTag, TagChecker } from './tag-checker';
import type { TagHints } from './tag-hints';

/** The dependencies of the tag resolver. */
export interface TagResolverParts {
  readonly knowledge: Knowledge;
  readonly contents: ManifestContents;
  readonly keeper: ManifestKeeper;
  readonly checker: TagChecker;
  readonly hints: TagHints;
  readonly clock: Clock;
}

/** Changes of an expiration below this many milliseconds are not written. */
const EXPIRATION_PRECISION_MS = 1000;

/**
 * Resolves a manifest by tag, following the table in docs/design/pull-semantics.md#manifest-by-tag.
 */
export class TagManifestResolver {
  constructor(private readonly parts: TagResolverParts) {}

  /**
   * Returns the manifest of a tag. Throws MANIFEST_UNKNOWN if the upstream answers that the tag
   * does not exist; UPSTREAM_DENIED, TOO_MANY_REQUESTS and outages if no cached manifest may be
   * served instead; QUOTA_EXCEEDED; STORE_FULL; STORE_FAILED; CANCELLED.
   */
  async resolve(target: PullTarget, tag: Tag, query: ManifestLookup): Promise<ManifestAnswer> {
    const cached = await this.parts.knowledge.tag(target.key, tag);
    if (cached === undefined) return this.resolveUncached(target, tag, query);
    const now = this.parts.clock.now();
    const age = now - cached.checkedAt;
    // A negative age means that the clock was set back: only the upstream can confirm the tag then.
    if (!isExpired(cached, now) && age >= 0 && age < target.proxy.revalidateAfterSeconds * 1000) {
      const answer = await this.serveCached(target, cached, 'HIT', query);
      this.pushExpiration(target, tag, cached, now);
      return answer;
    }
    return this.revalidate(target, tag, cached, query);
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
    const { keeper, checker, clock } = this.parts;
    try {
      if (query.headOnly)
        return await this.moved(target, tag, await checker.check(target, tag, query.signal), 'MISS', query);
      const held = await keeper.fetch(target, { kind: 'tag', tag }, { tag }, query.requestId, query.signal);
      return fromUpstream(held.descriptor, held.content, held.kept ? 'MISS' : 'BYPASS', clock.now());
    } catch (error) {
      throw classifyUpstreamError(error) === 'gone' ? manifestUnknown(error) : error;
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
      checked = await this.parts.checker.check(target, tag, query.signal);
    } catch (error) {
      return this.withoutAnswer(target, tag, cached, error, query);
    }
    const same = checked.digest === cached.manifest.digest;
    // If the manifest was evicted during the upstream request, it is admitted again: a tag that
    // only this node remembers would be served although no origin holds it.
    if (same && (await this.parts.knowledge.tag(target.key, tag)) !== undefined) {
      this.parts.knowledge.putTag(target.key, tag, tagValue(target, cached.manifest, checked.checkedAt));
      const answer = await this.serveCached(target, cached, 'REVALIDATED', query);
      return { ...answer, ageSeconds: undefined, upstreamStatus: 200, checkedAt: checked.checkedAt };
    }
    try {
      return await this.moved(target, tag, checked, same ? 'MISS' : 'UPDATED', query);
    } catch (error) {
      // Some upstreams limit GETs but not HEADs. The new version is then unavailable, and the old
      // one is still valid.
      if (classifyUpstreamError(error) !== 'outage') throw error;
      return this.withoutAnswer(target, tag, cached, error, query);
    }
  }

  /**
   * The tag at the upstream points to another digest: take that manifest from the repository, or
   * fetch it.
   */
  private async moved(
    target: PullTarget,
    tag: Tag,
    checked: CheckedTag,
    status: 'MISS' | 'UPDATED',
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    const { knowledge, contents, keeper, hints } = this.parts;
    const { digest, checkedAt } = checked;
    const move = { tag, checkedAt };
    const known = await knowledge.manifest(target.key, digest);
    const content = known === undefined ? undefined : await contents.get(digest);
    if (known !== undefined && content !== undefined) {
      const manifest = { digest, mediaType: known.manifest.mediaType, content };
      const held = await keeper.keep(target, manifest, move, query.requestId, query.signal);
      return fromUpstream(held.descriptor, content, held.kept ? status : 'BYPASS', checkedAt);
    }
    if (query.headOnly) {
      hints.remember(target, digest, move);
      const { mediaType } = checked;
      const size = checked.size ?? (await this.parts.checker.measure(target, digest));
      return fromUpstream({ digest, mediaType, size }, undefined, status, checkedAt);
    }
    const held =
      checked.fetched === undefined
        ? await keeper.fetch(target, { kind: 'digest', digest }, move, query.requestId, query.signal)
        : await keeper.keep(target, checked.fetched, move, query.requestId, query.signal);
    return fromUpstream(held.descriptor, held.content, held.kept ? status : 'BYPASS', checkedAt);
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
    if (trouble === 'gone') {
      if (target.proxy.onUpstreamDelete === 'PROPAGATE') this.parts.knowledge.removeTag(target.key, tag);
      if (target.proxy.onUpstreamDelete === 'PROPAGATE') throw manifestUnknown(new CachedTagEnded(error));
      if (isExpired(cached, now)) throw manifestUnknown(error);
    } else if (trouble !== 'outage' || isExpired(cached, now) || isTooStale(target, cached, now)) {
      throw error;
    }
    const answer = await this.serveCached(target, cached, 'STALE', query);
    return { ...answer, upstreamStatus: toLayoverError(error).upstreamStatus ?? 0 };
  }

  /**
   * Returns the cached version. If its bytes are missing, they are fetched again and the client
   * does not notice.
   */
  private async serveCached(
    target: PullTarget,
    cached: CachedTag,
    cacheStatus: ManifestCacheStatus,
    query: ManifestLookup,
  ): Promise<ManifestAnswer> {
    const { contents, keeper, clock } = this.parts;
    const { manifest } = cached;
    const content =
      (await contents.get(manifest.digest)) ??
      (
        await keeper.fetch(
          target,
          { kind: 'digest', digest: manifest.digest },
          undefined,
          query.requestId,
          query.signal,
        )
      ).content;
    const ageSeconds = Math.max(0, Math.floor((clock.now() - cached.checkedAt) / 1000));
    return { descriptor: manifest, content, cacheStatus, ageSeconds, upstreamStatus: 0, checkedAt: 0 };
  }
}

function fromUpstream(
  descriptor: Descriptor,
  content: Buffer | undefined,
  cacheStatus: ManifestCacheStatus,
  checkedAt: number,
): ManifestAnswer {
  return { descriptor, content, cacheStatus, ageSeconds: undefined, upstreamStatus: 200, checkedAt };
}

function isExpired(cached: CachedTag, now: number): boolean {
  return cached.expiresAt !== undefined && cached.expiresAt <= now;
}

function isTooStale(target: PullTarget, cached: CachedTag, now: number): boolean {
  const limit = target.proxy.staleIfErrorSeconds;
  return limit !== undefined && now - cached.checkedAt > limit * 1000;
}

/** The cause of a failure that also ended a cached tag. */
class CachedTagEnded {
  constructor(readonly answer: unknown) {}
}

/**
 * Returns whether an error says that the upstream deleted a tag that was cached. The control plane
 * ends the tag when it receives the record of this pull (docs/design/bounds.md#upstream-deletions).
 */
export function endsCachedTag(thrown: unknown): boolean {
  return isLayoverError(thrown) && thrown.cause instanceof CachedTagEnded;
}

/**
 * Converts NAME_UNKNOWN to MANIFEST_UNKNOWN: clients expect this code from the manifest endpoint,
 * and an unknown repository has no manifests.
 */
function manifestUnknown(thrown: unknown): LayoverError {
  const error = toLayoverError(thrown instanceof CachedTagEnded ? thrown.answer : thrown);
  if (error.key === 'MANIFEST_UNKNOWN' && error === thrown) return error;
  return new LayoverError('MANIFEST_UNKNOWN', {
    message: error.message,
    detail: error.detail,
    upstreamStatus: error.upstreamStatus,
    cause: thrown,
  });
}
