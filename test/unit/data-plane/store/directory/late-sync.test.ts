import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import { blobPathsAt } from '../../../../../data-plane/src/store/directory/blob-paths';
import {
  createDirectoryBlobStore,
  type DirectoryBlobStore,
} from '../../../../../data-plane/src/store/directory/directory-blob-store';
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
