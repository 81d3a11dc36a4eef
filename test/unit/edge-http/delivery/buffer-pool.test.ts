import { BufferPool } from '../../../../edge-http/src/delivery/buffer-pool';

const KIB = 1024;

test('a large read gets two buffers of 512 KiB, and a small one no more than it needs', () => {
  const pool = new BufferPool();
  const sizes = (wanted: number): number[] => pool.lease(wanted).buffers.map((buffer) => buffer.length / KIB);
  expect(sizes(1e9)).toEqual([512, 512]);
  expect(sizes(600 * KIB)).toEqual([512, 512]);
  expect(sizes(300 * KIB)).toEqual([512]);
  expect(sizes(200 * KIB)).toEqual([256]);
  expect(sizes(100_000)).toEqual([128]);
  expect(sizes(10)).toEqual([64]);
});

test('many readers get one buffer each, which stays as large as possible', () => {
  const pool = new BufferPool();
  const sizes = Array.from({ length: 300 }, () => pool.lease(1e9).buffers.map((buffer) => buffer.length / KIB));
  expect([sizes[15], sizes[16], sizes[159], sizes[160], sizes[199], sizes[200], sizes[299]]).toEqual([
    [512, 512],
    [512],
    [512],
    [256],
    [256],
    [128],
    [128],
  ]);
});

test('200 readers use less than 100 MiB', () => {
  const pool = new BufferPool();
  const leases = Array.from({ length: 200 }, () => pool.lease(1e9));
  const bytes = leases.flatMap(({ buffers }) => [...buffers]).reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBeLessThan(100 * 1024 * KIB);
  for (const lease of leases) lease.release(true);
  expect(pool.lease(1e9).buffers[0].length).toBe(512 * KIB);
});

test('buffers are reused, but never while they may still be in use, and not twice', () => {
  const pool = new BufferPool();
  const first = pool.lease(1e9);
  first.release(true);
  first.release(true);
  const second = pool.lease(1e9);
  const third = pool.lease(1e9);
  expect(new Set(second.buffers)).toEqual(new Set(first.buffers));
  expect(second.buffers.some((buffer) => third.buffers.includes(buffer))).toBe(false);
  second.release(false);
  const fourth = pool.lease(1e9);
  expect(fourth.buffers.some((buffer) => second.buffers.includes(buffer))).toBe(false);
});
