import fs from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileSync, replaceFile } from '../../../../common/files/durable-file';
import { type SyncWatch, watchSyncs } from '../../../support/real/synced-paths';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';

let folder: TemporaryFolder;
let syncs: SyncWatch;

beforeEach(async () => {
  folder = await temporaryFolder('durable-file');
  syncs = await watchSyncs();
});

afterEach(async () => {
  syncs.stop();
  await folder.remove();
});

describe('replaceFile', () => {
  test('syncs the content before the rename and the folder afterwards', async () => {
    const path = join(folder.path, 'new', 'file');
    await replaceFile(path, 'content');
    expect(await readFile(path, 'utf8')).toBe('content');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(syncs.paths).toEqual([folder.path, `${path}.new`, join(folder.path, 'new')]);
  });

  test('replaces the old content and leaves no draft behind', async () => {
    const path = join(folder.path, 'file');
    await replaceFile(path, 'old content');
    await replaceFile(path, Buffer.from('new'));
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder.path)).toEqual(['file']);
  });

  test('overwrites a draft of a crashed process', async () => {
    const path = join(folder.path, 'file');
    await writeFile(`${path}.new`, 'a longer draft of an earlier run');
    await replaceFile(path, 'content');
    expect(await readFile(path, 'utf8')).toBe('content');
  });

  test('rejects and leaves no draft behind if the rename fails', async () => {
    const path = join(folder.path, 'file');
    await mkdir(join(path, 'not-empty'), { recursive: true });
    await expect(replaceFile(path, 'content')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(folder.path)).toEqual(['file']);
  });
});

describe('createFileSync', () => {
  test('syncs the content before the link and the folder afterwards', async () => {
    const path = join(folder.path, 'new', 'file');
    expect(createFileSync(path, 'content')).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('content');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(syncs.paths[0]).toBe(folder.path);
    expect(syncs.paths[1]).toMatch(new RegExp(`^${path}\\.`));
    expect(syncs.paths.slice(2)).toEqual([join(folder.path, 'new')]);
    expect(await readdir(join(folder.path, 'new'))).toEqual(['file']);
  });

  test('returns false for an existing file, keeps its content and makes its name durable', async () => {
    const path = join(folder.path, 'file');
    await writeFile(path, 'first');
    expect(createFileSync(path, 'second')).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('first');
    expect(await readdir(folder.path)).toEqual(['file']);
    expect(syncs.paths.at(-1)).toBe(folder.path);
  });

  test('throws system errors and leaves no draft behind', async () => {
    const broken = jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('no links here'), { code: 'EPERM' });
    });
    try {
      expect(() => createFileSync(join(folder.path, 'file'), 'content')).toThrow('no links here');
    } finally {
      broken.mockRestore();
    }
    expect(await readdir(folder.path)).toEqual([]);
  });
});
