import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileLimit } from '../../../../common/runtime/open-file-limit';

const folder = mkdtempSync(join(tmpdir(), 'layover-limits-'));
const file = join(folder, 'limits');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const limits = (value: string): number => {
  writeFileSync(
    file,
    [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max processes             127462               127462               processes ',
      `Max open files            ${value.padEnd(20)} ${value.padEnd(20)} files     `,
      '',
    ].join('\n'),
  );
  return openFileLimit(file);
};

test('the limit of open files is read from the limits of the process', () => {
  expect(limits('256')).toBe(256);
  expect(limits('1048576')).toBe(1_048_576);
});

test('a process without a limit, and a system that does not tell it, have none', () => {
  expect(limits('unlimited')).toBe(Infinity);
  expect(openFileLimit(join(folder, 'missing'))).toBe(Infinity);
});
