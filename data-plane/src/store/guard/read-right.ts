import type { Digest } from '../../../../common/oci/digest';

declare const read: unique symbol;

/**
 * The right to the stored bytes of a digest, without which nothing is opened and no link is made.
 * For clients, only BlobAccess gives it: its ReadableBlob is such a right (ADR 30). For work whose
 * bytes reach no client, see `rightForInternalUse`.
 */
export interface ReadRight {
  readonly [read]: true;
  readonly digest: Digest;
}
