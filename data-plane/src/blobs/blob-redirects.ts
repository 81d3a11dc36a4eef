import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { BlobLinks } from '../store/blob-links';
import type { Fills } from './fills/fills';
import type { GuardedBlobStore } from '../store/guard/guarded-blob-store';
import type { AllowedBlob } from './blob-access';

/** What redirects work with. */
export interface BlobRedirectsParts {
  readonly links: BlobLinks;
  readonly store: Pick<GuardedBlobStore, 'hold'>;
  readonly fills: Pick<Fills, 'isActive'>;
  readonly clock: Clock;
}

/** Where a client is sent, and what it finds there. The URL is a credential: see BlobLink. */
export interface BlobRedirect {
  readonly url: string;
  readonly size: number;
  readonly range: ResolvedRange;
}

/**
 * Answers shorter than this are sent by us, in bytes. A redirect costs the client one more round trip, and often a connection with its TLS handshake: some 100 ms to a bucket, in
 * which 1 MiB has long been sent. Configs and manifests are always below it.
 */
const WORTH_IT_BYTES = 1024 * 1024;

/**
 * Decides which reads are answered by sending the client to the bucket: what is there whole and verified, is not being filled, and is large enough. What was linked to stays in the
 * store until the link has ended. Deleting a blob that is linked to is put off on every node, since each is asked before a deletion (ADR 14).
 */
export class BlobRedirects {
  /** Digest → when it was last held on to for the life of a link. */
  private readonly held = new Map<Digest, number>();

  constructor(private readonly parts: BlobRedirectsParts) {}

  /** undefined = the bytes are to be sent. Never throws. The requester's right to the blob is proven by `allowed`. */
  async redirect(allowed: AllowedBlob, range: RangeRequest | undefined): Promise<BlobRedirect | undefined> {
    const { links, store, fills } = this.parts;
    const { digest, size } = allowed;
    if ((size !== undefined && !isWorthIt(range, size)) || fills.isActive(digest)) return undefined;
    // From before the look until after the link's end nothing deletes it here.
    const release = await store.hold(digest);
    try {
      const link = await links.linkTo(digest);
      // Another size than the manifest says: one of the two is wrong, and the read finds out which.
      if (link === undefined || (size !== undefined && link.size !== size)) return undefined;
      const resolved = isWorthIt(range, link.size) ? resolveRange(range, link.size) : undefined;
      if (resolved === undefined) return undefined;
      await this.holdForALife(digest);
      return { url: link.url, size: link.size, range: resolved };
    } finally {
      release();
    }
  }

  /** A hot blob is not held for every client: one hold lasts a quarter longer than a link, and serves those who come in that quarter. */
  private async holdForALife(digest: Digest): Promise<void> {
    const { clock, links, store } = this.parts;
    const now = clock.now();
    const quarter = links.lifetimeMs / 4;
    if (now - (this.held.get(digest) ?? -Infinity) < quarter) return;
    this.held.set(digest, now);
    const release = await store.hold(digest);
    clock.after(links.lifetimeMs + quarter, () => {
      release();
      if (this.held.get(digest) === now) this.held.delete(digest);
    });
  }
}

function isWorthIt(range: RangeRequest | undefined, size: number): boolean {
  return (resolveRange(range, size)?.length ?? 0) >= WORTH_IT_BYTES;
}
