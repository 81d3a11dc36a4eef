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
   * A link to a blob that is in the store, whole and verified; undefined = it is not there, or no link can be made at the moment, and the bytes have to be sent. Never throws and
   * is bounded in time: whoever asks has another way. Whether the requester may have the bytes is the caller's question.
   */
  linkTo(digest: Digest): Promise<BlobLink | undefined>;
}
