import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDurableFolder, makeDurableFolderSync } from '../../../../common/files/durable-folder';
import { type SyncWatch, watchSyncs } from '../../../support/real/synced-paths';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';

let folder: TemporaryFolder;
let syncs: SyncWatch;

beforeEach(async () => {
  folder = await temporaryFolder('durable-folder');
  syncs = await watchSyncs();
});

afterEach(async () => {
  syncs.stop();
  await folder.remove();
});

const make: [string, (path: string) => Promise<void> | void][] = [
  ['makeDurableFolder', makeDurableFolder],
  ['makeDurableFolderSync', makeDurableFolderSync],
];

describe.each(make)('%s', (_, makeFolder) => {
  test('creates missing parents with mode 0700 and syncs the folder of each new name', async () => {
    const path = join(folder.path, 'one', 'two', 'three');
    await makeFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect([...syncs.paths].sort()).toEqual([folder.path, join(folder.path, 'one'), join(folder.path, 'one', 'two')]);
  });

  test('syncs only the folders in which something was created', async () => {
    await makeFolder(join(folder.path, 'one'));
    const before = syncs.paths.length;
    await makeFolder(join(folder.path, 'one', 'two'));
    expect(syncs.paths.slice(before)).toEqual([join(folder.path, 'one')]);
  });

  test('does nothing if the folder exists', async () => {
    await makeFolder(folder.path);
    expect(syncs.paths).toEqual([]);
  });

  test('accepts a path that is not normalized', async () => {
    await makeFolder(`${folder.path}/one/../two/`);
    expect(syncs.paths).toContain(folder.path);
    expect((await stat(join(folder.path, 'two'))).isDirectory()).toBe(true);
  });
});
