import type { IncomingHttpHeaders } from 'node:http';
import { type RangeRequest, parseRange } from '../../../common/oci/byte-range';
import type { Digest } from '../../../common/oci/digest';
import { requestError } from './request-error';

/** The entity tag of content with this digest: strong, since equal digests are equal bytes. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/** Whether the client has this content already (RFC 9110 section 13.1.2; weak comparison): 304 then. */
export function noneMatch(headers: IncomingHttpHeaders, digest: Digest): boolean {
  const header = headers['if-none-match'];
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const tag = entityTag(digest);
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}

/**
 * The part of a blob that a GET asks for; undefined = the whole. Several ranges and units other than bytes are answered whole
 * (RFC 9110 section 14.2), and so is a range whose If-Range names other content (section 13.1.5: strong comparison, so a date or a weak tag
 * never matches). RANGE_INVALID for a bytes range that can't be read or that is empty.
 */
export function requestedRange(headers: IncomingHttpHeaders, digest: Digest): RangeRequest | undefined {
  const header = headers.range;
  if (header === undefined) return undefined;
  const condition = headers['if-range'];
  if (typeof condition === 'string' && condition.trim() !== entityTag(digest)) return undefined;
  const range = parseRange(header);
  if (range === 'ignore') return undefined;
  if (range === 'invalid')
    throw requestError('RANGE_INVALID', 'Range', header, 'is no range of bytes, as in bytes=0-99');
  if (range.kind === 'suffix' && range.length === 0)
    throw requestError('RANGE_INVALID', 'Range', header, 'asks for the last 0 bytes');
  return range;
}
