import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';

declare const right: unique symbol;

/**
 * A blob that may be fetched from the upstream of a repository with the organization's credentials.
 * Only BlobAccess makes one.
 */
export interface FillableBlob {
  readonly [right]: 'fill' | 'read';
  readonly target: PullTarget;
  readonly digest: Digest;
  /** Bytes; undefined if the upstream has the blob but does not give its size. */
  readonly size: number | undefined;
}

/** A blob whose bytes may be given to whoever asked. Only BlobAccess makes one. */
export interface ReadableBlob extends FillableBlob {
  readonly [right]: 'read';
}

/**
 * Decides who has the right to read a blob (docs/design/pull-semantics.md#right-to-read). Reading,
 * redirecting, joining a fill and filling all take what is made here, so no way to the bytes goes
 * around it (ADR 26). That the store has the bytes for another organization gives no right to them;
 * the store is not asked here.
 */
export class BlobAccess {
  private readonly heads = new SingleFlight<number | undefined>();

  constructor(
    private readonly knowledge: Knowledge,
    private readonly upstream: UpstreamRegistry,
  ) {}

  /**
   * Requires the right to read a blob: a cached manifest of the repository names it, or the upstream
   * confirms to the organization's credentials that the repository holds it. Throws BLOB_UNKNOWN,
   * UPSTREAM_DENIED and the outages of the upstream client, and CANCELLED.
   */
  async toRead(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<ReadableBlob> {
    const known = await this.knowledge.blob(target.key, digest);
    const size = known === undefined ? await this.askUpstream(target, digest, signal) : known.size;
    return { target, digest, size } as ReadableBlob;
  }

  /**
   * Gives the right to fetch a blob that a manifest of the repository names, to complete its image.
   * The upstream decides with its answer to the organization's credentials.
   */
  toFill(target: PullTarget, { digest, size }: { readonly digest: Digest; readonly size: number }): FillableBlob {
    return { target, digest, size } as FillableBlob;
  }

  private askUpstream(
    target: PullTarget,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    return this.heads.run(
      `${repositoryScope(target)}\n${digest}`,
      async () => {
        const { size } = await this.upstream.headBlob(target.upstream, digest);
        // Without a size there is no descriptor to remember; the upstream is asked again next time.
        if (size !== undefined) {
          this.knowledge.putBlob(target.key, { digest, size, mediaType: 'application/octet-stream' });
        }
        return size;
      },
      signal,
    );
  }
}
