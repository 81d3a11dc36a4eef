import { closeSync, openSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { openFiles, watchOpenFiles } from '../../../../bench/src/load/open-files';
import { memoryOfAll, processMemory } from '../../../../bench/src/load/process-memory';

const ended = (): number => spawnSync('true').pid;

test('a page that processes share counts once in the proportional memory', () => {
  const { resident, proportional } = processMemory(process.pid);
  expect(proportional).toBeGreaterThan(10_000_000);
  expect(resident).toBeGreaterThanOrEqual(proportional);
});

test('a process that has ended has no memory and no files', () => {
  expect(memoryOfAll([ended(), ended()])).toEqual({ resident: 0, proportional: 0 });
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
