/**
 * One range of a Range header, before the size of the blob is known (RFC 9110 section 14.1.2).
 * `last` is inclusive; undefined means to the end.
 */
export type RangeRequest =
  | { readonly kind: 'bytes'; readonly first: number; readonly last?: number }
  | { readonly kind: 'suffix'; readonly length: number };

/**
 * Range within a blob of known size: `length` bytes from `offset`. `length` is at least 1, or 0 if
 * the blob is empty.
 */
export interface ResolvedRange {
  readonly offset: number;
  readonly length: number;
}

const SPEC = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i;

/**
 * Parses a Range header. Returns `ignore` if the server may ignore it and send the whole blob
 * (another unit, several ranges), and `invalid` for a malformed bytes range (RFC 9110 section 14.2
 * allows a server to ignore it; Layover answers 416).
 */
export function parseRange(header: string): RangeRequest | 'ignore' | 'invalid' {
  if (!/^bytes\s*=/i.test(header) || header.includes(',')) return 'ignore';
  const match = SPEC.exec(header);
  if (match === null) return 'invalid';
  const [, first = '', last = ''] = match;
  if (first === '') {
    const length = Number(last);
    return last === '' || !Number.isSafeInteger(length) ? 'invalid' : { kind: 'suffix', length };
  }
  const from = Number(first);
  if (!Number.isSafeInteger(from)) return 'invalid';
  if (last === '') return { kind: 'bytes', first: from };
  const to = Number(last);
  return !Number.isSafeInteger(to) || to < from ? 'invalid' : { kind: 'bytes', first: from, last: to };
}

/**
 * Parses a Range header with one or several ranges (RFC 9110 section 14.1.2). Returns `ignore` for
 * another unit than bytes, and `invalid` if the list is empty, one of its ranges is malformed, or
 * there are more than `max`.
 */
export function parseRanges(header: string, max: number): readonly RangeRequest[] | 'ignore' | 'invalid' {
  const unit = /^bytes\s*=/i.exec(header)?.[0];
  if (unit === undefined) return 'ignore';
  // Empty elements of a list are ignored (RFC 9110 section 5.6.1.2).
  const elements = header
    .slice(unit.length)
    .split(',')
    .filter((element) => element.trim() !== '');
  if (elements.length === 0 || elements.length > max) return 'invalid';
  const ranges: RangeRequest[] = [];
  for (const element of elements) {
    const range = parseRange(`bytes=${element}`);
    if (range === 'ignore' || range === 'invalid') return 'invalid';
    ranges.push(range);
  }
  return ranges;
}

/**
 * Returns the parts of a blob of `size` bytes that ranges select: in their order, without those
 * that are outside the blob. If some of them overlap, in the order of the blob, and overlapping
 * ones are joined (RFC 9110 section 15.3.7.2), so the parts are never larger than the blob
 * together.
 */
export function resolveRanges(ranges: readonly RangeRequest[], size: number): readonly ResolvedRange[] {
  const parts = ranges.flatMap((range) => resolveRange(range, size) ?? []);
  const sorted = [...parts].sort((a, b) => a.offset - b.offset);
  const joined: ResolvedRange[] = [];
  for (const { offset, length } of sorted) {
    const last = joined.at(-1);
    if (last === undefined || offset >= last.offset + last.length) joined.push({ offset, length });
    else joined.splice(-1, 1, { offset: last.offset, length: Math.max(last.length, offset + length - last.offset) });
  }
  return joined.length === parts.length ? parts : joined;
}

/**
 * Returns the bytes that a range selects in a blob of `size` bytes, or undefined if it is not
 * satisfiable (416). Without a range, selects the whole blob.
 */
export function resolveRange(range: RangeRequest | undefined, size: number): ResolvedRange | undefined {
  if (range === undefined) return { offset: 0, length: size };
  if (range.kind === 'suffix') {
    const length = Math.min(range.length, size);
    return length === 0 ? undefined : { offset: size - length, length };
  }
  if (range.first >= size) return undefined;
  const last = Math.min(range.last ?? size - 1, size - 1);
  return { offset: range.first, length: last - range.first + 1 };
}
