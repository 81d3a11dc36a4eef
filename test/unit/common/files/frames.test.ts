import type { FileHandle } from 'node:fs/promises';
import { decodeFrames, encodeFrame, FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../../../../common/files/frames';
import { writeAll } from '../../../../common/files/write-all';

const frames = (...payloads: string[]): Buffer => Buffer.concat(payloads.map((text) => encodeFrame(Buffer.from(text))));
const texts = (payloads: readonly Buffer[]): string[] => payloads.map((payload) => payload.toString());

describe('frames', () => {
  test('decodes encoded payloads', () => {
    const bytes = frames('one', 'three');
    const { payloads, ...rest } = decodeFrames(bytes);
    expect(texts(payloads)).toEqual(['one', 'three']);
    expect(rest).toEqual({ consumed: bytes.length, damaged: false, wanted: 0 });
  });

  test('decodes no more frames than the limit', () => {
    const { payloads, consumed, wanted } = decodeFrames(frames('one', 'two'), 1);
    expect(texts(payloads)).toEqual(['one']);
    expect({ consumed, wanted }).toEqual({ consumed: FRAME_HEADER_BYTES + 3, wanted: 0 });
  });

  test('returns the size of an incomplete frame', () => {
    const whole = frames('one');
    const part = frames('longer');
    const read = (end: number): unknown => decodeFrames(Buffer.concat([whole, part.subarray(0, end)]));
    const found = { consumed: whole.length, damaged: false };
    expect(read(3)).toMatchObject({ ...found, wanted: FRAME_HEADER_BYTES });
    expect(read(part.length - 1)).toMatchObject({ ...found, wanted: part.length });
  });

  test.each([
    ['a payload that was changed', (bytes: Buffer) => void (bytes[bytes.length - 1]! ^= 1)],
    ['a length of zero', (bytes: Buffer) => void bytes.writeUInt32LE(0, 0)],
    ['a length that is never written', (bytes: Buffer) => void bytes.writeUInt32LE(MAX_PAYLOAD_BYTES + 1, 0)],
  ])('reports %s as damage and returns the frames before it', (_, damage) => {
    const whole = frames('one');
    const bad = frames('two');
    damage(bad);
    const { payloads, consumed, damaged } = decodeFrames(Buffer.concat([whole, bad, frames('three')]));
    expect(texts(payloads)).toEqual(['one']);
    expect({ consumed, damaged }).toEqual({ consumed: whole.length, damaged: true });
  });

  test('refuses payloads that decodeFrames would not accept', () => {
    expect(() => encodeFrame(Buffer.alloc(0))).toThrow(RangeError);
    expect(() => encodeFrame(Buffer.alloc(MAX_PAYLOAD_BYTES + 1))).toThrow(RangeError);
  });
});

test('writeAll continues after a partial write', async () => {
  const written: [string, number][] = [];
  const file = {
    write: (buffer: Buffer, offset: number, length: number, position: number) => {
      const bytesWritten = Math.min(2, length);
      written.push([buffer.toString('utf8', offset, offset + bytesWritten), position]);
      return Promise.resolve({ bytesWritten, buffer });
    },
  } as unknown as FileHandle;
  await writeAll(file, Buffer.from('abcde'), 10);
  expect(written).toEqual([
    ['ab', 10],
    ['cd', 12],
    ['e', 14],
  ]);
});
