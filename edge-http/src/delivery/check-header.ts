import { type RangeRequest, resolveRange } from '../../../common/oci/byte-range';
import type { BlobHeader } from '../registry/registry-reader';

/** Throws an Error (a bug of the data plane) where what is to be delivered is not what was asked for: better an error than other bytes. */
export function checkHeader(header: BlobHeader, range: RangeRequest | undefined): void {
  const expected = resolveRange(range, header.size);
  if (expected === undefined || expected.offset !== header.offset || expected.length !== header.length)
    throw new Error(
      `asked for ${JSON.stringify(range ?? 'all')} of ${header.size} bytes, got ${header.length} from ${header.offset}`,
    );
}
