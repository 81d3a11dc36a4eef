import type { IncomingHttpHeaders } from 'node:http';
import { type RangeRequest, parseRanges } from '../../../common/oci/byte-range';
import type { Digest } from '../../../common/oci/digest';
import { entityTag } from '../../../common/oci/entity-tag';
import { requestError } from './request-error';

/** The most ranges of one request. Each of them costs a call to a data plane. */
const MAX_RANGES = 64;

/**
 * Returns the ranges of a blob that a GET requests; none means the whole blob. Other units than
 * bytes are ignored (RFC 9110 section 14.2), as are ranges whose If-Range does not match (section
 * 13.1.5: strong comparison, so a date or a weak tag never matches). Throws RANGE_INVALID for
 * malformed ranges, for more than 64, and if they select no byte of any blob.
 */
export function requestedRanges(headers: IncomingHttpHeaders, digest: Digest): readonly RangeRequest[] {
  const header = headers.range;
  if (header === undefined) return [];
  const condition = headers['if-range'];
  if (typeof condition === 'string' && condition.trim() !== entityTag(digest)) return [];
  const ranges = parseRanges(header, MAX_RANGES);
  if (ranges === 'ignore') return [];
  if (ranges === 'invalid')
    throw requestError(
      'RANGE_INVALID',
      'Range',
      header,
      `must be a range of bytes such as bytes=0-99, or at most ${MAX_RANGES} of them`,
    );
  const selecting = ranges.filter((range) => range.kind === 'bytes' || range.length > 0);
  if (selecting.length === 0) throw requestError('RANGE_INVALID', 'Range', header, 'must select at least one byte');
  return selecting;
}
