import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedParts } from '../../../../data-plane/src/journal/damaged-parts';
import { temporaryFolder } from '../../../support/data-plane/records';

const folder = temporaryFolder();
afterAll(() => folder.remove());

test('keeps damaged parts up to a total size, the same part in the same file', async () => {
  const parts = new DamagedParts(folder.path, 25);
  const keep = (offset: number) => parts.keep('/journal/0001.records', { offset, bytes: Buffer.alloc(10, offset) });
  expect(await keep(1)).toBe('0001.records.1.damaged');
  expect(await keep(2)).toBe('0001.records.2.damaged');
  expect(await keep(1)).toBe('0001.records.1.damaged');
  expect(await keep(3)).toBeUndefined();
  expect(readdirSync(folder.path)).toHaveLength(2);
  expect(readFileSync(join(folder.path, '0001.records.2.damaged'))).toEqual(Buffer.alloc(10, 2));
});

test('does not throw if a part cannot be written', async () => {
  const parts = new DamagedParts(join(folder.path, 'missing'));
  expect(await parts.keep('a', { offset: 0, bytes: Buffer.alloc(1) })).toBeUndefined();
});
