import { algorithmOf, type Digest, digestOf } from './digest';

/** Descriptor of the OCI image specification, without annotations. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Returns the size that a manifest or a header gives for content, in bytes, or undefined if it
 * cannot be right: only the content with the digest of no bytes is empty, but manifests without a
 * size and HEAD answers with `Content-Length: 0` exist. A descriptor without a usable size is
 * stored and sent with size 0 (docs/design/pull-semantics.md#unusable-descriptors).
 */
export function possibleSize(digest: Digest, size: number | undefined): number | undefined {
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) return undefined;
  return size > 0 || digest === digestOf(Buffer.alloc(0), algorithmOf(digest)) ? size : undefined;
}
