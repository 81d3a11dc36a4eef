import { randomBytes } from 'node:crypto';
import promises, { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SealedBox } from '../../../../common/security/sealed-box';
import { SnapshotFile } from '../../../../data-plane/src/configuration/snapshot-file';
import { watchSyncs } from '../../../support/real/synced-paths';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('snapshot-file');
});
afterEach(() => folder.remove());

test('syncs the content of a saved snapshot, its folder, and the parent of a new folder', async () => {
  const home = join(folder.path, 'home');
  const path = join(home, 'configuration.sealed');
  const file = new SnapshotFile(path, new SealedBox('configuration-snapshot', randomBytes(32)));
  expect(await file.load()).toBeUndefined();
  const syncs = await watchSyncs();
  try {
    await file.save(Buffer.from('snapshot'));
    expect(syncs.paths).toEqual([folder.path, `${path}.new`, home]);
  } finally {
    syncs.stop();
  }
  expect((await file.load())?.toString()).toBe('snapshot');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each(['sync', 'rename'])('keeps the old snapshot if the %s of a new one fails', async (step) => {
  const path = join(folder.path, 'configuration.sealed');
  const file = new SnapshotFile(path, new SealedBox('configuration-snapshot', randomBytes(32)));
  await file.save(Buffer.from('old'));
  const fail = (): never => {
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  };
  const syncs = await watchSyncs(step === 'sync' ? fail : undefined);
  const rename = jest.spyOn(promises, 'rename');
  if (step === 'rename') rename.mockImplementation(fail);
  try {
    await expect(file.save(Buffer.from('a new and longer one'))).rejects.toMatchObject({ code: 'ENOSPC' });
  } finally {
    syncs.stop();
    rename.mockRestore();
  }
  expect((await file.load())?.toString()).toBe('old');
  expect(await readdir(folder.path)).toEqual(['configuration.sealed']);
});
