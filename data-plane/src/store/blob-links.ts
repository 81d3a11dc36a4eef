import type { Digest } from '../../../common/oci/digest';

/** Where anybody may read a blob for a few minutes. The URL is a credential: never logged, traced, recorded, or put into an error. */
export interface BlobLink {
  readonly url: string;
  /** Of the whole blob, in bytes. */
  readonly size: number;
}

/** A store that can send clients to where it keeps its bytes. */
export interface BlobLinks {
  /** How long a new link is good, in milliseconds; every link that is given is good for half of it at least. */
  readonly lifetimeMs: number;
  /**
   * Returns a link to a blob that is in the store, whole and verified; `absent` if the store does not
   * have it; undefined if no link can be made at the moment, so that the bytes have to be sent. Never
   * throws, and is bounded in time. The caller has checked that the requester may have the bytes.
   */
  linkTo(digest: Digest): Promise<BlobLink | 'absent' | undefined>;
}
