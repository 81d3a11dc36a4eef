import type { Descriptor } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { ManifestCacheStatus, ManifestAnswer, ManifestLookup } from './content/manifest-answer';
import type { ManifestContents } from './content/manifest-contents';
import type { ManifestKeeper, TagMove } from './manifest-keeper';
import { withoutTag } from './tag-gone';
import type { TagHints } from './tag-hints';

/** The dependencies of the digest resolver. */
export interface DigestResolverParts {
  readonly knowledge: Knowledge;
  readonly contents: ManifestContents;
  readonly keeper: ManifestKeeper;
  readonly hints: TagHints;
  readonly upstream: UpstreamRegistry;
}

/**
 * Resolves a manifest by digest (docs/design/pull-semantics.md#manifest-by-digest). A manifest that
 * this repository holds is immutable and needs no upstream request. Everything else is requested
 * from the upstream with the credentials of this organization, even if another organization holds
 * the same bytes: the right to read is never shared, and neither the answer nor its timing reveals
 * that the bytes are stored (docs/design/pull-semantics.md#right-to-read).
 */
export class DigestResolver {
  private readonly heads = new SingleFlight<Descriptor>();

  constructor(private readonly parts: DigestResolverParts) {}

  /** Throws the same errors as TagResolver. */
  async resolve(target: PullTarget, digest: Digest, query: ManifestLookup): Promise<ManifestAnswer> {
    const { knowledge, contents, keeper } = this.parts;
    const known = await knowledge.manifest(target.key, digest);
    if (known !== undefined) {
      const content = await contents.get(digest);
      if (content !== undefined) return answer(known.manifest, content, 'HIT', 0);
    }
    try {
      if (query.headOnly) return answer(await this.head(target, digest, query), undefined, 'MISS', 200);
      const move = known === undefined ? await this.tagToMove(target, digest) : undefined;
      const held = await keeper.fetch(target, { kind: 'digest', digest }, move, query);
      return answer(held.descriptor, held.content, held.kept ? 'MISS' : 'BYPASS', 200);
    } catch (thrown) {
      throw withoutTag(thrown);
    }
  }

  /**
   * Returns the tag for which an earlier HEAD was answered with this digest, unless the tag was
   * revalidated since.
   */
  private async tagToMove(target: PullTarget, digest: Digest): Promise<TagMove | undefined> {
    const hint = this.parts.hints.recall(target, digest);
    if (hint === undefined) return undefined;
    const cached = await this.parts.knowledge.tag(target.key, hint.tag);
    return cached === undefined || cached.checkedAt <= hint.checkedAt ? hint : undefined;
  }

  private head(target: PullTarget, digest: Digest, { alsoAccept, signal }: ManifestLookup): Promise<Descriptor> {
    return this.heads.run(
      `${repositoryScope(target)}\n${digest}\n${alsoAccept.join(',')}`,
      async () => {
        const reference = { kind: 'digest', digest } as const;
        const { upstream } = this.parts;
        const { mediaType, size } = await upstream.headManifest(target.upstream, reference, undefined, alsoAccept);
        if (size !== undefined) return { digest, mediaType, size };
        const fetched = await upstream.getManifest(target.upstream, reference, undefined, alsoAccept);
        return { digest, mediaType: fetched.mediaType, size: fetched.content.length };
      },
      signal,
    );
  }
}

function answer(
  descriptor: Descriptor,
  content: Buffer | undefined,
  cacheStatus: ManifestCacheStatus,
  upstreamStatus: number,
): ManifestAnswer {
  return { descriptor, content, cacheStatus, ageSeconds: undefined, upstreamStatus, checkedAt: 0 };
}
