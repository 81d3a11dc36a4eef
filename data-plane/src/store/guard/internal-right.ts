import type { Digest } from '../../../../common/oci/digest';
import type { ReadRight } from './read-right';

/**
 * Returns the right to read stored bytes for work of Layover itself: verification, the comparison
 * with an upstream, and manifests, which have their own check of the right to read. The bytes must
 * not reach a client because of it. An import rule lists the files that may call this function
 * (lint/layers/data-plane.cjs).
 */
export function rightForInternalUse(digest: Digest): ReadRight {
  return { digest } as ReadRight;
}
