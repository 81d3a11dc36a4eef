import type { Digest } from './digest';

/** Descriptor of the OCI image specification, without annotations. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}
