import { LayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import { formatReference, type Reference, type Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import type { FetchedManifest, UpstreamRegistry } from '../upstream/upstream-registry';
import type { ManifestContents } from './content/manifest-contents';
import { parseManifest } from './content/parse-manifest';

/** A manifest in hand; `kept` is false where quota lets it through without keeping it. */
export interface HeldManifest {
  readonly descriptor: Descriptor;
  readonly content: Buffer;
  readonly kept: boolean;
}

/** The tag to move to a manifest with its admission, and when upstream said that it points there. */
export interface TagMove {
  readonly tag: Tag;
  /** Milliseconds since the epoch; undefined = now, with this very fetch. */
  readonly checkedAt?: number;
}

/** Brings manifests in: from upstream, through the checks, into the store, past admission - in that order, each once however many wait. */
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
   * One GET upstream with this organization's credentials, then {@link keep}. Throws what the upstream client throws,
   * UPSTREAM_CONTENT for what is no manifest, QUOTA_EXCEEDED, STORE_FULL and STORE_FAILED.
   */
  fetch(
    target: PullTarget,
    reference: Reference,
    move: TagMove | undefined,
    requestId: string,
    signal: AbortSignal | undefined,
  ): Promise<HeldManifest> {
    const key = `${repositoryScope(target)}\n${formatReference(reference)}\n${move?.tag ?? ''}`;
    return this.fetches.run(
      key,
      async () => {
        const fetched = await this.upstream.getManifest(target.upstream, reference);
        return this.keepNow(target, fetched, move, requestId);
      },
      signal,
    );
  }

  /** Stores and admits a manifest whose bytes are at hand, and moves the tag. Throws as {@link fetch} does, but for upstream's failures. */
  keep(
    target: PullTarget,
    manifest: FetchedManifest,
    move: TagMove | undefined,
    requestId: string,
    signal: AbortSignal | undefined,
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
    // Durable before admission: what the catalog says is held must be there to be served.
    await this.contents.put(digest, content);
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
 * A tag that upstream confirmed at `checkedAt`: good for another `expirationSeconds` from then
 * (docs/design/bounds.md#expiration).
 */
export function tagValue(
  target: PullTarget,
  manifest: Descriptor,
  checkedAt: number,
): { readonly manifest: Descriptor; readonly checkedAt: number; readonly expiresAt: number } {
  return { manifest, checkedAt, expiresAt: checkedAt + target.proxy.expirationSeconds * 1000 };
}
