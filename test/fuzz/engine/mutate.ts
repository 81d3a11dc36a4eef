import type { RandomBelow } from './random';

/** Numbers at which code often changes its behaviour. */
const NUMBERS = ['0', '1', '-1', '255', '256', '65536', '2147483648', '4294967296', '9007199254740993', '1e400'];
const BYTES = [0x00, 0x09, 0x0a, 0x20, 0x22, 0x2c, 0x3a, 0x3b, 0x3d, 0x5c, 0x7f, 0x80, 0xff];
/** One in so many mutations fills an input up to its longest length. */
const RARELY = 64;

/**
 * Returns a changed copy of an input of at most `maxBytes`. `words` are inserted, and `others` give
 * parts that are spliced in.
 */
export function mutate(
  input: Buffer,
  words: readonly string[],
  others: readonly Buffer[],
  maxBytes: number,
  random: RandomBelow,
): Buffer {
  let bytes = input;
  for (let count = 1 + random(4); count > 0; count -= 1) bytes = change(bytes, words, others, random);
  if (random(RARELY) === 0) bytes = swell(bytes, maxBytes, random);
  return bytes.subarray(0, maxBytes);
}

function change(bytes: Buffer, words: readonly string[], others: readonly Buffer[], random: RandomBelow): Buffer {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random(random(8) === 0 ? 64 : 4));
  const replace = (part: Buffer, until: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(until)]);
  switch (random(9)) {
    case 0:
      return replace(Buffer.from([bytes[at]! ^ (1 << random(8))]), at + 1);
    case 1:
      return replace(Buffer.from([random(256)]), at + 1);
    case 2:
      return replace(Buffer.from([BYTES[random(BYTES.length)]!]), random(2) === 0 ? at : at + 1);
    case 3:
      return replace(Buffer.alloc(0), end);
    case 4:
      return replace(bytes.subarray(at, end), at);
    case 5:
    case 6:
      return replace(Buffer.from(words[random(words.length)] ?? '', 'latin1'), random(2) === 0 ? at : end);
    case 7:
      return replace(Buffer.from(NUMBERS[random(NUMBERS.length)]!), random(2) === 0 ? at : end);
    default: {
      const other = others[random(others.length)] ?? bytes;
      const from = random(other.length + 1);
      return replace(other.subarray(from, from + 1 + random(32)), random(2) === 0 ? at : end);
    }
  }
}

/** Repeats a part until the input has the longest length: finds work that grows with its square. */
function swell(bytes: Buffer, maxBytes: number, random: RandomBelow): Buffer {
  const at = random(bytes.length);
  const part = bytes.subarray(at, at + 1 + random(4));
  const room = maxBytes - bytes.length;
  if (part.length === 0 || room <= 0) return bytes;
  return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(room, part), bytes.subarray(at)]);
}
