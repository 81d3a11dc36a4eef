import { MemoryWindow } from '../../../../../data-plane/src/blobs/fills/window';
import { cpuMillisecondsOf } from '../../../../support/cpu-time';

const KIB = 1024;

describe('the window between an upstream and one reader', () => {
  it('holds bytes that arrive one by one in few buffers, in order', () => {
    const count = 200 * KIB;
    const window = new MemoryWindow(() => undefined);
    const taken: Buffer[] = [];
    const cpu = cpuMillisecondsOf(() => {
      for (let at = 0; at < count; at += 1) void window.push(Buffer.of(at % 251));
      while (window.offset < count) taken.push(window.take(64 * KIB));
    });
    expect(Buffer.concat(taken).equals(Buffer.from(Array.from({ length: count }, (_, at) => at % 251)))).toBe(true);
    expect(taken.length).toBeLessThan(2_000);
    expect(cpu).toBeLessThan(5_000);
  });

  it('keeps the order of small and large chunks, however they are taken', () => {
    const window = new MemoryWindow(() => undefined);
    const sizes = [1, 5000, 3, 4095, 4096, 1, 1, 70_000, 0, 2, 4000, 4000, 4000];
    const sent: Buffer[] = [];
    const got: Buffer[] = [];
    for (let round = 0; round < 40; round += 1) {
      for (const size of sizes) {
        sent.push(Buffer.alloc(size, sent.length));
        void window.push(sent.at(-1)!);
      }
      const end = Buffer.concat(sent).length - (round === 39 ? 0 : 10_001);
      while (window.offset < end) got.push(Buffer.from(window.take(Math.min(3_333, end - window.offset))));
    }
    expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
  });

  it('makes the upstream wait when it is full, and goes on when there is room', async () => {
    const window = new MemoryWindow(() => undefined);
    const waits = window.push(Buffer.alloc(1024 * KIB));
    expect(window.take(KIB).length).toBe(KIB);
    await waits;
    expect([waits, window.offset]).toEqual([expect.any(Promise), KIB]);
  });
});
