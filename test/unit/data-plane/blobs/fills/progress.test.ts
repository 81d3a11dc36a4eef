import { LayoverError } from '../../../../../common/errors/layover-error';
import { Progress } from '../../../../../data-plane/src/blobs/fills/progress';
import { WITHHELD_BYTES } from '../../../../../data-plane/src/store/withheld-bytes';
import { TestClock } from '../../../../support/test-clock';

const CHUNK = 16 * 1024;
const SIZE = 1024 * CHUNK;

describe('Progress', () => {
  let clock: TestClock;
  let progress: Progress;
  beforeEach(() => {
    clock = new TestClock();
    progress = new Progress(clock);
    progress.begin(SIZE);
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  /** A reader that waits again as soon as it is woken, and counts its wake-ups. */
  const follow = (): { wakeUps: number } => {
    const reader = { wakeUps: 0 };
    void (async () => {
      for (let at = 0; at < SIZE; reader.wakeUps += 1) at = await progress.waitBeyond(at, SIZE);
    })();
    return reader;
  };

  it.each([
    // One reader every 10 ms, whatever the size of the chunks; 200 readers every 50 ms.
    [1, 10],
    [200, 50],
  ])('wakes %i readers at most every %i ms, the first and the last time at once', async (count, everyMs) => {
    const readers = Array.from({ length: count }, follow);
    const wakeUps = (): number[] => [...new Set(readers.map((reader) => reader.wakeUps))];
    progress.advance(CHUNK);
    await settled();
    expect(wakeUps()).toEqual([1]);
    for (let ms = 1; ms <= 500; ms += 1) {
      clock.advance(1);
      progress.advance((1 + ms) * CHUNK);
      await settled();
    }
    expect(wakeUps()).toHaveLength(1);
    expect(wakeUps()[0]).toBeGreaterThanOrEqual(500 / everyMs - 1);
    // Each reader wakes once more for bytes that arrived while it was awake.
    expect(wakeUps()[0]).toBeLessThanOrEqual(2 * (500 / everyMs) + 1);
    const before = wakeUps()[0]!;
    progress.prove(SIZE);
    await settled();
    expect(wakeUps()).toEqual([before + 1]);
    expect(clock.pending).toBe(0);
  });

  it('leaves no reader waiting for bytes that arrived between two wake-ups', async () => {
    const reader = follow();
    progress.advance(CHUNK);
    await settled();
    progress.advance(2 * CHUNK);
    await settled();
    expect(reader.wakeUps).toBe(1);
    clock.advance(10);
    await settled();
    expect(reader.wakeUps).toBe(2);
    expect(progress.availableOf(SIZE)).toBe(2 * CHUNK);
  });

  it('reports all bytes but 64 KiB before the blob is proven', () => {
    progress.advance(SIZE);
    expect(progress.availableOf(SIZE)).toBe(SIZE - WITHHELD_BYTES);
    progress.prove(SIZE);
    expect(progress.availableOf(SIZE)).toBe(SIZE);
  });

  it('fails all present and later readers and leaves no timer', async () => {
    const waiting = Promise.allSettled([progress.waitBeyond(10, SIZE), progress.waitBeyond(SIZE, SIZE)]);
    progress.advance(1);
    progress.advance(2);
    expect(clock.pending).toBe(1);
    const failure = new LayoverError('UPSTREAM_FAILED');
    progress.fail(failure);
    for (const outcome of await waiting) expect(outcome).toMatchObject({ status: 'rejected', reason: failure });
    await expect(progress.waitBeyond(0, SIZE)).rejects.toBe(failure);
    expect(clock.pending).toBe(0);
  });

  it('cannot fail after the blob is proven', async () => {
    progress.prove(SIZE);
    progress.fail(new LayoverError('STORE_FULL'));
    expect(await progress.waitBeyond(0, SIZE)).toBe(SIZE);
  });
});
