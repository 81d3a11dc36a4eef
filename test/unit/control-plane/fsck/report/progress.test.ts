import { Console } from '../../../../../control-plane/src/fsck/report/console';
import { formatBytes, formatDuration } from '../../../../../control-plane/src/fsck/report/format';
import { FsckProgress } from '../../../../../control-plane/src/fsck/report/progress';
import { TestClock } from '../../../../support/test-clock';

let clock: TestClock;
let [stdout, stderr] = ['', ''];
beforeEach(() => {
  clock = new TestClock();
  [stdout, stderr] = ['', ''];
});

function open(terminal: boolean): { readonly console: Console; readonly progress: FsckProgress } {
  const console = new Console(
    { write: (text) => (stdout += text) },
    { write: (text) => (stderr += text), isTTY: terminal, columns: 40 },
  );
  return { console, progress: new FsckProgress(console, clock, () => 2) };
}

test('outside a terminal, progress prints a line every second, later every ten, with an estimate', () => {
  const { progress } = open(false);
  progress.begin('stored content', 'blobs', { items: 1000, bytes: 10_000 });
  for (let i = 0; i < 50; i += 1) {
    clock.advance(100);
    progress.advance(1, 10);
  }
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[0]).toBe('stored content: 10/1,000 blobs, 100 B/10.0 kB, 2 problems');
  // 500 of 10,000 bytes in five seconds.
  expect(lines[4]).toBe('stored content: 50/1,000 blobs, 500 B/10.0 kB, 2 problems, about 95 s left');
  clock.advance(60_000);
  stderr = '';
  for (let i = 0; i < 30; i += 1) {
    clock.advance(1000);
    progress.advance(1);
  }
  expect(stderr.trimEnd().split('\n')).toHaveLength(3);
});

test('on a terminal, progress overwrites one line, cuts it to the width, and removes it before a result', () => {
  const { console, progress } = open(true);
  progress.begin('holdings of organizations', 'rows', { items: 100_000, bytes: 0 });
  clock.advance(300);
  progress.advance(10);
  console.result('a problem');
  const [first, second, clear] = stderr.split('\r').slice(1);
  expect(first).toBe('holdings of organizations: 0/100,000 ro\u001b[K');
  expect(second).toBe('holdings of organizations: 10/100,000 r\u001b[K');
  expect([clear, stdout]).toEqual(['\u001b[K', 'a problem\n']);
  expect(stderr).not.toContain('\n');
});

test('a total that is exceeded grows with the work done', () => {
  const { progress } = open(false);
  progress.begin('stored content', 'blobs', { items: 1, bytes: 5 });
  progress.advance(3, 20);
  expect(progress.toString()).toBe('stored content: 3/3 blobs, 20 B/20 B');
});

test('formatBytes and formatDuration use readable units', () => {
  expect([0, 999, 1000, 1_500_000, 2e15].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '1.5 MB', '2.0 PB']);
  expect([0, 99_000, 300_000, 7_500_000].map(formatDuration)).toEqual(['0 s', '99 s', '5 min', '2 h 5 min']);
});
