import { type RangeRequest, type ResolvedRange, resolveRange } from '../../../common/oci/byte-range';
import { Absence } from '../store/guard/absence';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { ContentUses } from '../store/uses/content-uses';
import type { ReadableBlob } from './blob-access';
import type { Fills } from './fills/fills';

/** Dependencies of BlobRedirects. */
export interface BlobRedirectsParts {
  readonly stored: Pick<StoredBlobs, 'hold' | 'linkTo'>;
  readonly uses: Pick<ContentUses, 'holdFor'>;
  readonly fills: Pick<Fills, 'isActive'>;
  /** How long a link is valid, in milliseconds. */
  readonly lifetimeMs: number;
}

/**
 * The address that a client is redirected to, and the bytes it finds there. The URL is a
 * credential: see BlobLink.
 */
export interface BlobRedirect {
  readonly url: string;
  readonly size: number;
  readonly range: ResolvedRange;
}

/**
 * Smallest answer that is redirected, in bytes; the data plane sends shorter answers itself. A
 * redirect costs the client one more round trip, and often a new connection with a TLS handshake.
 * That takes about 100 ms to a bucket, longer than sending 1 MiB.
 */
const MIN_REDIRECT_BYTES = 1024 * 1024;

/**
 * Decides which reads are redirected to the bucket: those of a large enough blob that is completely
 * stored and not being filled. A blob with an issued link is in use until the link expires. Every
 * node is asked before a deletion, so no node deletes such a blob (ADR 14).
 */
export class BlobRedirects {
  constructor(private readonly parts: BlobRedirectsParts) {}

  /**
   * Returns where to redirect the client, an absence if the store was asked and does not hold the
   * blob, or undefined if the bytes must be sent. Never throws.
   */
  async redirect(blob: ReadableBlob, range: RangeRequest | undefined): Promise<BlobRedirect | Absence | undefined> {
    const { stored, uses, fills, lifetimeMs } = this.parts;
    const { digest, size } = blob;
    if ((size !== undefined && !isLargeEnough(range, size)) || fills.isActive(digest)) return undefined;
    // Nothing on this node deletes the blob from before the lookup until the link expires.
    const release = await stored.hold(digest);
    try {
      const link = await stored.linkTo(blob);
      if (link === undefined || link instanceof Absence) return link;
      // The size differs from the manifest. One of the two is wrong; reading the blob finds out
      // which.
      if (size !== undefined && link.size !== size) return undefined;
      const resolved = isLargeEnough(range, link.size) ? resolveRange(range, link.size) : undefined;
      if (resolved === undefined) return undefined;
      uses.holdFor(digest, lifetimeMs);
      return { url: link.url, size: link.size, range: resolved };
    } finally {
      release();
    }
  }
}

function isLargeEnough(range: RangeRequest | undefined, size: number): boolean {
  return (resolveRange(range, size)?.length ?? 0) >= MIN_REDIRECT_BYTES;
}
