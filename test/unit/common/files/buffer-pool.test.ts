import { BufferPool } from '../../../../common/files/buffer-pool';

const KIB = 1024;

test('a large read gets two buffers of 512 KiB, and a small one no more than it needs', () => {
  const pool = new BufferPool();
  expect(pool.lease(1e9).buffers.map((buffer) => buffer.length)).toEqual([512 * KIB, 512 * KIB]);
  expect(pool.lease(100_000).buffers[0].length).toBe(128 * KIB);
  expect(pool.lease(10).buffers[0].length).toBe(64 * KIB);
});

test('200 readers use less than 100 MiB', () => {
  const pool = new BufferPool();
  const leases = Array.from({ length: 200 }, () => pool.lease(1e9));
  const bytes = leases.reduce((sum, { buffers }) => sum + buffers[0].length + buffers[1].length, 0);
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
