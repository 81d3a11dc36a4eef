import { parseRange, parseRanges, resolveRanges } from '../../../common/oci/byte-range';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, ensureSame, textOf } from './support';

const SIZES = [0, 1, 100, 2 ** 40];
const MAX_RANGES = 64;
const WORDS = ['bytes=', 'bytes', '=', '-', ',', ' ', '\t', '0-', '-1', '0-99', '50-60', '100-', '9007199254740991'];

/**
 * The Range header of a client. Ranges that are understood select bytes inside the blob, and no
 * more than the whole blob together.
 */
export const rangeTarget: FuzzTarget = {
  name: 'range',
  sources: ['common/oci/byte-range'],
  // The edge accepts headers of 16 KiB.
  maxBytes: 16 * 1024,
  words: WORDS,
  inputs: textOf(WORDS).map((text) => `bytes=${text}`),
  run(input) {
    const header = input.toString('latin1');
    const ranges = parseRanges(header, MAX_RANGES);
    const single = parseRange(header);
    if (typeof single === 'object') ensureSame(ranges, [single], 'parseRange and parseRanges differ');
    if (typeof ranges === 'string') return;
    ensure(ranges.length > 0 && ranges.length <= MAX_RANGES, `There are ${ranges.length} ranges`);
    for (const size of SIZES) {
      let sum = 0;
      for (const { offset, length } of resolveRanges(ranges, size)) {
        ensure(offset >= 0 && length > 0 && offset + length <= size, `${offset}+${length} is outside ${size} bytes`);
        sum += length;
      }
      ensure(sum <= size, `The ranges select ${sum} of ${size} bytes`);
    }
  },
};
