import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';

declare const right: unique symbol;

/**
 * A blob that this node may fetch from the upstream of a repository, with the credentials of the
 * organization. Only BlobAccess creates one.
 */
export interface FillableBlob {
  readonly [right]: 'fill' | 'read';
  readonly target: PullTarget;
  readonly digest: Digest;
  /** Bytes; undefined if the upstream has the blob but does not give its size. */
  readonly size: number | undefined;
}

/** A blob whose bytes may be sent to the client that requested it. Only BlobAccess creates one. */
export interface ReadableBlob extends FillableBlob {
  readonly [right]: 'read';
}

/**
 * Decides whether a request has the right to read a blob
 * (docs/design/pull-semantics.md#right-to-read). Reads, redirects, joined fills and new fills all
 * take the types that this class creates, so no path to the bytes bypasses it (ADR 26). This class
 * does not ask the store: bytes that are stored for another organization give no right to read
 * them.
 */
export class BlobAccess {
  private readonly heads = new SingleFlight<number | undefined>();

  constructor(
    private readonly knowledge: Knowledge,
    private readonly upstream: UpstreamRegistry,
  ) {}

  /**
   * Requires the right to read a blob: a cached manifest of the repository names the blob, or the
   * upstream confirms, with the credentials of the organization, that the repository holds it.
   * Throws BLOB_UNKNOWN, UPSTREAM_DENIED, CANCELLED, and the outage errors of the upstream client.
   */
  async toRead(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<ReadableBlob> {
    const known = await this.knowledge.blob(target.key, digest);
    const size = known === undefined ? await this.askUpstream(target, digest, signal) : known.size;
    return { target, digest, size } as ReadableBlob;
  }

  /**
   * Returns the right to fetch a blob that a manifest of the repository names, to complete its
   * image. The upstream decides: it receives the credentials of the organization.
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
        // Without a size there is no descriptor to cache, so the next request asks the upstream
        // again.
        if (size !== undefined) {
          this.knowledge.putBlob(target.key, { digest, size, mediaType: 'application/octet-stream' });
        }
        return size;
      },
      signal,
    );
  }
}
