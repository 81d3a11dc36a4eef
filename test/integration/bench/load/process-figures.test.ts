import { closeSync, openSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openFiles, watchOpenFiles } from '../../../../bench/src/load/open-files';
import { memoryOf } from '../../../../bench/src/load/process-memory';

const ended = (): number => spawnSync('true').pid;

test('a file that processes map is counted once, and their own memory in each of them', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("ready"); setInterval(() => {}, 1000)']);
  try {
    await once(child.stdout, 'data');
    const [one, both] = [memoryOf([child.pid!]), memoryOf([child.pid!, process.pid])];
    const sum = one.occupied + memoryOf([process.pid]).occupied;
    expect(one.occupied).toBe(one.resident);
    // The code of Node.js.
    expect(sum - both.occupied).toBeGreaterThan(10_000_000);
    expect(both.resident).toBeGreaterThan(both.occupied);
  } finally {
    child.kill();
  }
});

test('a process that has ended has no memory and no files', () => {
  expect(memoryOf([ended(), ended()])).toEqual({ resident: 0, occupied: 0 });
  expect(openFiles(ended())).toBe(0);
});

test('a watch returns the most file descriptors of a process', () => {
  const before = openFiles(process.pid);
  const stop = watchOpenFiles([{ name: 'jest', pid: process.pid }]);
  const files = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
  const most = stop().get('jest')!;
  for (const file of files) closeSync(file);
  expect(most).toBeGreaterThanOrEqual(before + 20);
});
