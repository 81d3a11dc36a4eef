import type { IncomingHttpHeaders } from 'node:http';
import { type RangeRequest, parseRange } from '../../../common/oci/byte-range';
import type { Digest } from '../../../common/oci/digest';
import { requestError } from './request-error';

/** Returns the entity tag of a digest. It is strong, because equal digests mean equal bytes. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * Returns true if the client already has this content, which means 304 (RFC 9110 section 13.1.2;
 * weak comparison).
 */
export function noneMatch(headers: IncomingHttpHeaders, digest: Digest): boolean {
  const header = headers['if-none-match'];
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const tag = entityTag(digest);
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}

/**
 * Returns the range of a blob that a GET requests; undefined means the whole blob. Several ranges
 * and other units than bytes are ignored (RFC 9110 section 14.2), as is a range whose If-Range does
 * not match (section 13.1.5: strong comparison, so a date or a weak tag never matches). Throws
 * RANGE_INVALID for a malformed or empty bytes range.
 */
export function requestedRange(headers: IncomingHttpHeaders, digest: Digest): RangeRequest | undefined {
  const header = headers.range;
  if (header === undefined) return undefined;
  const condition = headers['if-range'];
  if (typeof condition === 'string' && condition.trim() !== entityTag(digest)) return undefined;
  const range = parseRange(header);
  if (range === 'ignore') return undefined;
  if (range === 'invalid')
    throw requestError('RANGE_INVALID', 'Range', header, 'must be a range of bytes such as bytes=0-99');
  if (range.kind === 'suffix' && range.length === 0)
    throw requestError('RANGE_INVALID', 'Range', header, 'must select at least one byte');
  return range;
}
