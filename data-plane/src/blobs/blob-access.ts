import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';

/** A blob that this repository has been shown to hold. `size` is undefined where upstream has it but does not say. */
export interface AllowedBlob {
  readonly digest: Digest;
  readonly size: number | undefined;
}

/**
 * The right to read a blob (docs/design/pull-semantics.md#right-to-read): it is named by a manifest
 * of this repository in the cache, or upstream says to this organization's own credentials that the
 * repository holds it. That the bytes are in the store for somebody else counts for nothing, and is
 * not looked at here.
 */
export class BlobAccess {
  private readonly heads = new SingleFlight<AllowedBlob>();

  constructor(
    private readonly knowledge: Knowledge,
    private readonly upstream: UpstreamRegistry,
  ) {}

  /** Throws BLOB_UNKNOWN, UPSTREAM_DENIED and the outages of the upstream client, CANCELLED. */
  async require(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<AllowedBlob> {
    const known = await this.knowledge.blob(target.key, digest);
    if (known !== undefined) return { digest, size: known.size };
    return this.heads.run(
      `${repositoryScope(target)}\n${digest}`,
      async () => {
        const { size } = await this.upstream.headBlob(target.upstream, digest);
        // Without a size there is no descriptor to remember; upstream is then asked again next time.
        if (size !== undefined) {
          this.knowledge.putBlob(target.key, { digest, size, mediaType: 'application/octet-stream' });
        }
        return { digest, size };
      },
      signal,
    );
  }
}
