import { algorithmOf, type Digest, digestOf } from './digest';

/** Descriptor of the OCI image specification, without annotations. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Returns the size that a descriptor declares, in bytes; undefined if it declares none that can be
 * right. A descriptor without a usable size is stored and sent with size 0, which is the size of no
 * content but the empty one (docs/design/pull-semantics.md#unusable-descriptors).
 */
export function declaredSize({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): number | undefined {
  return size > 0 || digest === digestOf(Buffer.alloc(0), algorithmOf(digest)) ? size : undefined;
}
