import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import { Absence } from '../store/guard/absence';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { ContentUses } from '../store/uses/content-uses';
import type { ReadableBlob } from './blob-access';
import type { Fills } from './fills/fills';

/** What redirects work with. */
export interface BlobRedirectsParts {
  readonly stored: Pick<StoredBlobs, 'hold' | 'linkTo'>;
  readonly uses: Pick<ContentUses, 'holdFor'>;
  readonly fills: Pick<Fills, 'isActive'>;
  /** How long a link is good, in milliseconds. */
  readonly lifetimeMs: number;
}

/** Where a client is sent, and what it finds there. The URL is a credential: see BlobLink. */
export interface BlobRedirect {
  readonly url: string;
  readonly size: number;
  readonly range: ResolvedRange;
}

/**
 * Shorter answers are sent by us, in bytes. A redirect costs the client one more round trip, and often
 * a new connection with a TLS handshake: some 100 ms to a bucket, in which 1 MiB has long been sent.
 */
const WORTH_IT_BYTES = 1024 * 1024;

/**
 * Decides which reads are answered by sending the client to the bucket: those of a blob that is stored
 * whole, is not being filled, and is large enough. A blob that was linked to is in use until the link
 * has ended, and each node is asked before a deletion, so no node deletes it (ADR 14).
 */
export class BlobRedirects {
  constructor(private readonly parts: BlobRedirectsParts) {}

  /**
   * Returns where to send the client; an absence if the store was asked and does not have the blob;
   * undefined if the bytes are to be sent. Never throws.
   */
  async redirect(
    { digest, size }: ReadableBlob,
    range: RangeRequest | undefined,
  ): Promise<BlobRedirect | Absence | undefined> {
    const { stored, uses, fills, lifetimeMs } = this.parts;
    if ((size !== undefined && !isWorthIt(range, size)) || fills.isActive(digest)) return undefined;
    // From before the look until after the end of the link nothing deletes the blob here.
    const release = await stored.hold(digest);
    try {
      const link = await stored.linkTo(digest);
      if (link === undefined || link instanceof Absence) return link;
      // Another size than the manifest says: one of the two is wrong, and reading finds out which.
      if (size !== undefined && link.size !== size) return undefined;
      const resolved = isWorthIt(range, link.size) ? resolveRange(range, link.size) : undefined;
      if (resolved === undefined) return undefined;
      uses.holdFor(digest, lifetimeMs);
      return { url: link.url, size: link.size, range: resolved };
    } finally {
      release();
    }
  }
}

function isWorthIt(range: RangeRequest | undefined, size: number): boolean {
  return (resolveRange(range, size)?.length ?? 0) >= WORTH_IT_BYTES;
}
