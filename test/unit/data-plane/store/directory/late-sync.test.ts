import { existsSync } from 'node:fs';
import promises, { type FileHandle, mkdtemp, open as openFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import { blobPathsAt } from '../../../../../data-plane/src/store/directory/blob-paths';
import {
  createDirectoryBlobStore,
  type DirectoryBlobStore,
} from '../../../../../data-plane/src/store/directory/directory-blob-store';
import { watchSyncs } from '../../../../support/real/synced-paths';
import { TestClock } from '../../../../support/test-clock';

const logger = createLogger('test', 'silent');
const CONTENT = Buffer.alloc(300_000, 'layover');
const DIGEST = digestOf(CONTENT);

describe('blobs with a late sync', () => {
  let home: string;
  let root: string;
  let clock: TestClock;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'layover-late-'));
    root = join(home, 'blobs');
    clock = new TestClock();
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const marks = (): Promise<string[]> => readdir(join(root, 'unsynced'));

  async function open(bootId: string): Promise<DirectoryBlobStore> {
    const store = createDirectoryBlobStore({ root, logger, clock, bootId });
    await store.prepare();
    return store;
  }

  async function keep(store: DirectoryBlobStore): Promise<Digest> {
    const spoolFile = join(home, `spool-${Math.random()}`);
    await writeFile(spoolFile, CONTENT);
    await (await store.ingest(DIGEST, spoolFile)).commit(spoolFile, CONTENT.length);
    return DIGEST;
  }

  it('are available at once, and marked until they are synced', async () => {
    const store = await open('boot-1');
    const digest = await keep(store);
    expect(await store.stat(digest)).toBe(CONTENT.length);
    expect(await marks()).toEqual([digest.replace(':', '-')]);
    clock.advance(5_000);
    await store.close();
    expect(await marks()).toEqual([]);
  });

  it('are synced, and then their folder, while they are marked', async () => {
    const store = await open('boot-1');
    const paths = blobPathsAt(root);
    const marker = join(root, 'unsynced', DIGEST.replace(':', '-'));
    await keep(store);
    const marked: boolean[] = [];
    const syncs = await watchSyncs(() => marked.push(existsSync(marker)));
    try {
      clock.advance(4_999);
      await store.stat(DIGEST);
      expect(syncs.paths).toEqual([]);
      clock.advance(1);
      await store.close();
      expect(syncs.paths).toEqual([paths.blob(DIGEST), paths.folder(DIGEST)]);
    } finally {
      syncs.stop();
    }
    expect(marked).toEqual([true, true]);
  });

  it('are marked before they get their name', async () => {
    const store = await open('boot-1');
    const { link } = promises;
    const marked: string[][] = [];
    const spy = jest.spyOn(promises, 'link').mockImplementation(async (from, to) => {
      marked.push(await marks().catch(() => []));
      await link(from, to);
    });
    try {
      await keep(store);
    } finally {
      spy.mockRestore();
    }
    expect(marked.length).toBeGreaterThan(0);
    for (const names of marked) expect(names).toEqual([DIGEST.replace(':', '-')]);
    await store.close();
  });

  it('stay marked if their sync fails, so that the next start looks after them', async () => {
    const store = await open('boot-1');
    await keep(store);
    const handle = await openFile('/dev/null', 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const broken = jest.spyOn(prototype, 'datasync').mockRejectedValue(Object.assign(new Error(), { code: 'EIO' }));
    try {
      await store.close();
    } finally {
      broken.mockRestore();
    }
    expect(await marks()).toHaveLength(1);
    await (await open('boot-1')).close();
    expect(await marks()).toEqual([]);
  });

  it('are synced without delay when the store closes', async () => {
    const store = await open('boot-1');
    await keep(store);
    await store.close();
    expect(await marks()).toEqual([]);
  });

  it('stay unchanged after a crash of the process', async () => {
    const digest = await keep(await open('boot-1'));
    const next = await open('boot-1');
    expect(await next.stat(digest)).toBe(CONTENT.length);
    await next.close();
    expect(await marks()).toEqual([]);
  });

  it('stay after a crash of the machine that did not damage them', async () => {
    const digest = await keep(await open('boot-1'));
    const next = await open('boot-2');
    expect(await next.stat(digest)).toBe(CONTENT.length);
    expect(await marks()).toEqual([]);
  });

  it('are removed after a crash of the machine that damaged them, even if their size is right', async () => {
    const digest = await keep(await open('boot-1'));
    await writeFile(blobPathsAt(root).blob(digest), Buffer.alloc(CONTENT.length));
    const next = await open('boot-2');
    expect(await next.stat(digest)).toBeUndefined();
    expect(await marks()).toEqual([]);
  });

  it('can be deleted before their sync', async () => {
    const store = await open('boot-1');
    await store.delete(await keep(store));
    await store.close();
    expect(await marks()).toEqual([]);
  });
});
