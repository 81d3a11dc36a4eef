import type { Digest } from './digest';

/** What the OCI image specification calls a descriptor, less its annotations. `size` is bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}
