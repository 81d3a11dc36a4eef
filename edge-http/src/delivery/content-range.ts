import type { ResolvedRange } from '../../../common/oci/byte-range';

/** Returns the Content-Range of a part of a blob of `size` bytes (RFC 9110 section 14.4). */
export function contentRange({ offset, length }: ResolvedRange, size: number): string {
  return `bytes ${offset}-${offset + length - 1}/${size}`;
}
