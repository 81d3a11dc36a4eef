import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import { formatReference, type Reference, type Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import type { FetchedManifest, UpstreamRegistry } from '../upstream/upstream-registry';
import type { ManifestLookup } from './content/manifest-answer';
import type { ManifestContents } from './content/manifest-contents';
import { parseManifest } from './content/parse-manifest';

/**
 * A manifest with its bytes. `kept` is false if the manifest is only passed through, because the
 * quota or the disk has no room.
 */
export interface HeldManifest {
  readonly descriptor: Descriptor;
  readonly content: Buffer;
  readonly kept: boolean;
}

/** The tag that moves to a manifest with its admission, and when the upstream confirmed that. */
export interface TagMove {
  readonly tag: Tag;
  /** Milliseconds since the epoch; undefined = now, with this fetch. */
  readonly checkedAt?: number;
}

/**
 * Brings manifests into the cache: from the upstream, through the checks, into the store, and
 * through admission, in this order. Requests for the same manifest share the work.
 */
export class ManifestKeeper {
  private readonly fetches = new SingleFlight<HeldManifest>();
  private readonly admissions = new SingleFlight<HeldManifest>();

  constructor(
    private readonly upstream: UpstreamRegistry,
    private readonly contents: ManifestContents,
    private readonly knowledge: Knowledge,
    private readonly clock: Clock,
  ) {}

  /**
   * Fetches a manifest with one GET and the credentials of this organization, then calls {@link
   * keep}. Requests that ask for the same media types share the GET. Throws the errors of the
   * upstream client, UPSTREAM_CONTENT for an invalid manifest, QUOTA_EXCEEDED and
   * STORE_FAILED.
   */
  fetch(
    target: PullTarget,
    reference: Reference,
    move: TagMove | undefined,
    { requestId, signal, alsoAccept }: ManifestLookup,
  ): Promise<HeldManifest> {
    const types = alsoAccept.join(',');
    const key = `${repositoryScope(target)}\n${formatReference(reference)}\n${move?.tag ?? ''}\n${types}`;
    return this.fetches.run(
      key,
      async () => {
        const fetched = await this.upstream.getManifest(target.upstream, reference, undefined, alsoAccept);
        return this.keepNow(target, fetched, move, requestId);
      },
      signal,
    );
  }

  /**
   * Stores and admits a manifest whose bytes are available, and moves the tag. Throws the errors of
   * {@link fetch}, except those of the upstream.
   */
  keep(
    target: PullTarget,
    manifest: FetchedManifest,
    move: TagMove | undefined,
    { requestId, signal }: Pick<ManifestLookup, 'requestId' | 'signal'>,
  ): Promise<HeldManifest> {
    const key = `${repositoryScope(target)}\n${manifest.digest}\n${move?.tag ?? ''}`;
    return this.admissions.run(key, () => this.keepNow(target, manifest, move, requestId), signal);
  }

  private async keepNow(
    target: PullTarget,
    manifest: FetchedManifest,
    move: TagMove | undefined,
    requestId: string,
  ): Promise<HeldManifest> {
    const checkedAt = move?.checkedAt ?? this.clock.now();
    const { digest, content } = manifest;
    const parsed = parseManifest(
      content,
      manifest.mediaType,
      `${target.upstream.origin.host}/${target.upstream.name}@${digest}`,
    );
    const descriptor: Descriptor = { digest, mediaType: parsed.mediaType, size: content.length };
    // Durable before admission: content that the catalog lists as held must be readable.
    try {
      await this.contents.put(digest, content);
    } catch (error) {
      if (isLayoverError(error) && error.key === 'STORE_FULL') return { descriptor, content, kept: false };
      throw error;
    }
    const admission = await this.knowledge.admit({
      repository: target.key,
      manifest: descriptor,
      artifactType: parsed.artifactType,
      references: [...parsed.references],
      tag: move?.tag ?? '',
      checkedAt,
      requestId,
    });
    switch (admission.decision) {
      case 'rejected':
        throw new LayoverError('QUOTA_EXCEEDED', {
          message: admission.message,
          detail: admission.detail,
          upstreamStatus: 200,
        });
      case 'pass-through':
        return { descriptor, content, kept: false };
      case 'admitted':
        if (move !== undefined) this.knowledge.putTag(target.key, move.tag, tagValue(target, descriptor, checkedAt));
        return { descriptor, content, kept: true };
    }
  }
}

/**
 * Returns the value of a tag that the upstream confirmed at `checkedAt`. It expires
 * `expirationSeconds` later (docs/design/bounds.md#expiration).
 */
export function tagValue(
  target: PullTarget,
  manifest: Descriptor,
  checkedAt: number,
): { readonly manifest: Descriptor; readonly checkedAt: number; readonly expiresAt: number } {
  return { manifest, checkedAt, expiresAt: checkedAt + target.proxy.expirationSeconds * 1000 };
}
