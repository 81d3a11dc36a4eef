import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadOrCreateNodeId } from '../../../../data-plane/src/cluster/node-id';
import { watchSyncs } from '../../../support/real/synced-paths';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('node-id');
});
afterEach(() => folder.remove());

test('creates an id once per home and keeps it', async () => {
  const file = join(folder.path, 'new', 'node-id');
  const id = await loadOrCreateNodeId(file);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await loadOrCreateNodeId(file)).toBe(id);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await loadOrCreateNodeId(join(folder.path, 'other'))).not.toBe(id);
});

test.each(['', '\0\0\0', 'two words', 'x'.repeat(200)])('replaces a damaged file (%j)', async (text) => {
  const file = join(folder.path, 'node-id');
  await writeFile(file, text);
  const id = await loadOrCreateNodeId(file);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect((await readFile(file, 'utf8')).trim()).toBe(id);
});

test('makes the file, its name and a newly created folder durable before it returns the id', async () => {
  const home = join(folder.path, 'home');
  const syncs = await watchSyncs();
  try {
    await loadOrCreateNodeId(join(home, 'node-id'));
    expect(syncs.paths).toEqual([folder.path, join(home, 'node-id.new'), home]);
  } finally {
    syncs.stop();
  }
});
