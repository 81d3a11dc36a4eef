import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import { GuardedBlobStore } from '../../../../../data-plane/src/store/guard/guarded-blob-store';
import { blobPathsAt } from '../../../../../data-plane/src/store/directory/blob-paths';
import {
  createDirectoryBlobStore,
  type DirectoryBlobStore,
} from '../../../../../data-plane/src/store/directory/directory-blob-store';
import { ContentUses } from '../../../../../data-plane/src/store/uses/content-uses';
import { type BlobStoreUnderTest, describeBlobStore } from '../../../../contract/blob-store.contract';
import { watchSyncs } from '../../../../support/real/synced-paths';
import { TestClock } from '../../../../support/test-clock';

const logger = createLogger('test', 'silent');
const SHARED_MEMORY = '/dev/shm';

interface Folder extends BlobStoreUnderTest {
  readonly store: DirectoryBlobStore;
  readonly root: string;
}

async function storeIn(spoolParent = tmpdir()): Promise<Folder> {
  const home = await mkdtemp(join(tmpdir(), 'layover-store-'));
  const spool = await mkdtemp(join(spoolParent, 'layover-spool-'));
  const root = join(home, 'blobs');
  const store = createDirectoryBlobStore({ root, logger });
  await store.prepare();
  return {
    store,
    root,
    afterDelete: 'reads on',
    spoolFile: async (content) => {
      const path = join(spool, randomUUID());
      await writeFile(path, content, { mode: 0o600 });
      return path;
    },
    damage: async (digest, content) => {
      // Writes into the same inode, like a broken disk. Another inode would be another blob.
      await writeFile(blobPathsAt(root).blob(digest), content);
    },
    leftovers: () => readdir(join(root, 'incoming')),
    dispose: async () => {
      await rm(home, { recursive: true, force: true });
      await rm(spool, { recursive: true, force: true });
    },
  };
}

describeBlobStore('the directory store', () => storeIn());
describeBlobStore('the directory store behind its guard', async () => {
  const under = await storeIn();
  return { ...under, store: new GuardedBlobStore(under.store, new ContentUses(new TestClock())) };
});

test('syncs a stored manifest before it gets its name, and the folder before it is acknowledged', async () => {
  const { store, root, dispose } = await storeIn();
  const content = Buffer.from('{"schemaVersion":2}');
  const digest = digestOf(content);
  const paths = blobPathsAt(root);
  try {
    await mkdir(paths.folder(digest), { recursive: true });
    const syncs = await watchSyncs();
    try {
      await store.put(digest, content);
      expect(syncs.paths).toEqual([expect.stringContaining(`${paths.incoming}/`), paths.folder(digest)]);
    } finally {
      syncs.stop();
    }
  } finally {
    await dispose();
  }
});

test('syncs both folders when a damaged blob is moved to quarantine', async () => {
  const { store, root, dispose } = await storeIn();
  const digest = digestOf(Buffer.from('damaged'));
  const paths = blobPathsAt(root);
  try {
    await store.put(digest, Buffer.from('damaged'));
    await mkdir(paths.quarantine, { recursive: true });
    const blob = (await store.open(digest))!;
    const syncs = await watchSyncs();
    try {
      expect(await store.quarantine(digest, blob)).toBe(true);
      expect(syncs.paths).toEqual([paths.quarantine, paths.folder(digest)]);
    } finally {
      syncs.stop();
      await blob.close();
    }
  } finally {
    await dispose();
  }
});

/** Skips the test, by name, on a machine without a second file system. */
const onTwoFileSystems = (): jest.It => {
  try {
    return statSync(SHARED_MEMORY).dev !== statSync(tmpdir()).dev ? it : it.skip;
  } catch {
    return it.skip;
  }
};

describe('a spool on another file system', () => {
  onTwoFileSystems()('is copied', async () => {
    const under = await storeIn(SHARED_MEMORY);
    const content = Buffer.alloc(700_000, 'x');
    const digest = digestOf(content);
    const spoolFile = await under.spoolFile(content);
    const ingest = await under.store.ingest(digest, spoolFile);
    await ingest.commit(spoolFile, content.length);
    await ingest.commit(spoolFile, content.length);
    expect(await under.store.stat(digest)).toBe(content.length);
    expect((await stat(blobPathsAt(under.root).blob(digest))).mode & 0o777).toBe(0o600);
    expect(await under.leftovers()).toEqual([]);
    await under.dispose();
  });
});

describe('the directory store', () => {
  let under: Folder;
  beforeEach(async () => {
    under = await storeIn();
  });
  afterEach(() => under.dispose());

  it('stores blobs by algorithm and first two characters, accessible only to the owner', async () => {
    const content = Buffer.from('layer');
    const digest = digestOf(content);
    await under.store.put(digest, content);
    const hex = digest.slice('sha256:'.length);
    const path = join(under.root, 'sha256', hex.slice(0, 2), hex);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(under.root, 'sha256', hex.slice(0, 2)))).mode & 0o777).toBe(0o700);
  });

  it('keeps the name of the spool file, because followers read the file by it', async () => {
    const content = Buffer.from('layer');
    const spoolFile = await under.spoolFile(content);
    const ingest = await under.store.ingest(digestOf(content), spoolFile);
    await ingest.commit(spoolFile, content.length);
    const [kept, spooled] = [await stat(blobPathsAt(under.root).blob(digestOf(content))), await stat(spoolFile)];
    expect(kept.ino).toBe(spooled.ino);
  });

  it('rejects a spool file with another size than the proven one', async () => {
    const content = Buffer.from('layer');
    const spoolFile = await under.spoolFile(content);
    const ingest = await under.store.ingest(digestOf(content), spoolFile);
    await expect(ingest.commit(spoolFile, 4)).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(await under.store.stat(digestOf(content))).toBeUndefined();
  });

  it('does not name paths in errors', async () => {
    const content = Buffer.from('layer');
    const gone = join(under.root, 'no-such-file');
    const ingest = await under.store.ingest(digestOf(content), gone);
    const error: unknown = await ingest.commit(gone, 5).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ key: 'STORE_FAILED' });
    expect((error as Error).message).not.toContain(under.root);
    expect((error as Error).message).toContain(digestOf(content));
  });

  it('does not follow a symbolic link in the place of a blob', async () => {
    const digest = digestOf(Buffer.from('x'));
    const paths = blobPathsAt(under.root);
    await mkdir(paths.folder(digest), { recursive: true });
    await symlink('/etc/hostname', paths.blob(digest));
    await expect(under.store.open(digest)).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  it('keeps quarantined bytes under their digest, accessible only to the owner, also after a restart', async () => {
    const content = Buffer.from('layer');
    const digest = digestOf(content);
    await under.store.put(digest, content);
    await under.damage(digest, Buffer.from('other'));
    const blob = (await under.store.open(digest))!;
    await under.store.quarantine(digest, blob);
    await blob.close();
    await under.store.prepare();
    const [name, ...others] = await readdir(join(under.root, 'quarantine'));
    expect(others).toEqual([]);
    expect(name).toMatch(new RegExp(`^${digest.slice('sha256:'.length)}\\.[0-9a-f-]+$`));
    expect(await readFile(join(under.root, 'quarantine', name!), 'utf8')).toBe('other');
    expect((await stat(join(under.root, 'quarantine'))).mode & 0o777).toBe(0o700);
  });

  it('lists only blobs, whatever else its folders contain', async () => {
    const content = Buffer.from('layer');
    const digest = digestOf(content);
    await under.store.put(digest, content);
    const hex = digest.slice('sha256:'.length);
    await writeFile(join(under.root, 'sha256', hex.slice(0, 2), `${hex}.part`), 'x');
    await writeFile(join(under.root, 'sha256', hex.slice(0, 2), `00${'f'.repeat(62)}`), 'in the wrong folder');
    await symlink('/etc/hostname', join(under.root, 'sha256', hex.slice(0, 2), hex.slice(0, 2).padEnd(64, 'f')));
    await mkdir(join(under.root, 'sha256', 'lost+found'));
    await mkdir(join(under.root, 'sha1'));
    expect(await under.store.list('', 10)).toEqual({ blobs: [{ digest, size: 5 }], more: false });
  });

  it('removes incomplete files of a crash at start', async () => {
    await writeFile(join(under.root, 'incoming', 'half'), 'written');
    await under.store.prepare();
    expect(await under.leftovers()).toEqual([]);
  });

  it('fails at start if it cannot write', async () => {
    await writeFile(join(under.root, 'file'), '');
    const store = createDirectoryBlobStore({ root: join(under.root, 'file'), logger });
    await expect(store.prepare()).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  it('creates its folders if it is used before prepare()', async () => {
    const content = Buffer.from('layer');
    await rm(under.root, { recursive: true });
    await under.store.put(digestOf(content), content);
    const spoolFile = await under.spoolFile(Buffer.from('b'));
    const ingest = await under.store.ingest(digestOf(Buffer.from('b')), spoolFile);
    await ingest.commit(spoolFile, 1);
    expect(await under.store.stat(digestOf(content))).toBe(5);
    expect(await under.store.stat(digestOf(Buffer.from('b')))).toBe(1);
  });
});
