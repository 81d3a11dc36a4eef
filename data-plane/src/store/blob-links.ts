import type { Digest } from '../../../common/oci/digest';

/**
 * A URL under which anyone can read a blob for a few minutes. The URL is a credential: never log,
 * trace or record it, and never put it into an error.
 */
export interface BlobLink {
  readonly url: string;
  /** Size of the whole blob, in bytes. */
  readonly size: number;
}

/** A store that can redirect clients to the place where it keeps its bytes. */
export interface BlobLinks {
  /**
   * How long a new link is valid, in milliseconds. Every returned link is valid for at least half
   * of this time.
   */
  readonly lifetimeMs: number;
  /**
   * Returns a link to a stored blob, which is complete and verified; `absent` if the store does not
   * hold it; undefined if no link can be made at the moment, so the bytes must be sent. Never
   * throws and returns in limited time. The caller has checked that the requester may have the
   * bytes.
   */
  linkTo(digest: Digest): Promise<BlobLink | 'absent' | undefined>;
}
