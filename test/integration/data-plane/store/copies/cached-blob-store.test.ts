import { join } from 'node:path';
import { digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import { objectNamesBelow } from '../../../../../data-plane/src/store/gcs/object-names';
import {
  type CachedBlobStore,
  createCachedBlobStore,
} from '../../../../../data-plane/src/store/copies/cached-blob-store';
import { LocalCopies } from '../../../../../data-plane/src/store/copies/local-copies';
import { bytes, until } from '../../../../support/data-plane/fills/fill-setup';
import { TestClock } from '../../../../support/test-clock';
import { type GcsUnderTest, gcsOnFake, PREFIX } from '../../../../support/data-plane/gcs-store';

const content = bytes(600_000);
const digest = digestOf(content);
const name = objectNamesBelow(PREFIX).blob(digest);

describe('a bucket store with local copies', () => {
  let under: GcsUnderTest;
  let clock: TestClock;
  let copies: LocalCopies;
  let store: CachedBlobStore;
  beforeEach(async () => {
    under = await gcsOnFake({ operationMs: 200 });
    clock = new TestClock(Date.now());
    const options = { capacityBytes: 10_000_000, clock, logger: createLogger('test', 'silent'), bootId: 'boot-1' };
    copies = new LocalCopies({ root: join(under.folder, 'copies'), ...options });
    await copies.prepare();
    store = createCachedBlobStore({ store: under.store, copies, clock });
  });
  afterEach(async () => {
    await store.close();
    await under.dispose();
  });

  const ingest = async (): Promise<void> => {
    const spoolFile = await under.spoolFile(content);
    await (await store.ingest(digest, spoolFile)).commit(spoolFile, content.length);
  };
  const asked = (kind: string): number => under.fake.requests.filter((request) => request.kind === kind).length;
  const open = async (): Promise<string | undefined> => {
    const blob = (await store.open(digest))!;
    await blob.close();
    return blob.localPath;
  };

  it('reads a blob that was filled here without asking the bucket', async () => {
    await ingest();
    expect(await open()).toBeDefined();
    expect(asked('look') + asked('download')).toBe(0);
  });

  it('does not read a blob from its copy if the bucket did not accept it', async () => {
    under.fake.fault({ kind: ['begin', 'part', 'multipart'], status: 403 });
    await expect(ingest()).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(await store.open(digest)).toBeUndefined();
    expect(copies.totalBytes).toBe(0);
  });

  it('copies a blob once when it is opened a second time', async () => {
    under.fake.contents.write(name, content);
    expect(await open()).toBeUndefined();
    expect(copies.totalBytes).toBe(0);
    await Promise.all([open(), open(), open()]);
    await until(() => copies.totalBytes === content.length);
    expect(await open()).toBeDefined();
    expect(asked('download')).toBe(1);
  });

  it('does not treat a blob as hot if it is opened again much later', async () => {
    under.fake.contents.write(name, content);
    await open();
    clock.advance(2 * 3_600_000);
    await open();
    await store.close();
    expect(asked('download')).toBe(0);
  });

  it('serves copies of blobs and manifests, and their sizes, while the bucket is down', async () => {
    await ingest();
    const manifest = Buffer.from('{}');
    await store.put(digestOf(manifest), manifest);
    await under.fake.goAway();
    clock.advance(600_000);
    expect(await open()).toBeDefined();
    expect(await store.get(digestOf(manifest), 100)).toEqual(manifest);
    expect(await store.stat(digest)).toBe(content.length);
    await expect(store.stat(digestOf(Buffer.from('other')))).rejects.toMatchObject({ key: 'STORE_UNREACHABLE' });
    expect(await open()).toBeDefined();
  });

  it('removes a copy on a read a minute later if another node deleted the blob from the bucket', async () => {
    await ingest();
    under.fake.contents.objects.delete(name);
    expect(await open()).toBeDefined();
    clock.advance(60_001);
    expect(await open()).toBeDefined();
    await until(() => copies.totalBytes === 0);
    expect(await store.open(digest)).toBeUndefined();
  });

  it('does not keep a copy of a blob that is deleted while it is copied', async () => {
    under.fake.contents.write(name, content);
    let go = (): void => undefined;
    const fault = under.fake.fault({ kind: 'download', until: new Promise<void>((resolve) => (go = resolve)) });
    await open();
    await open();
    await until(() => fault.used === 1);
    await store.delete(digest);
    go();
    await store.close();
    expect(copies.totalBytes).toBe(0);
  });

  it('discards a damaged copy and keeps the good bytes in the bucket', async () => {
    await ingest();
    const blob = (await store.open(digest))!;
    expect(await store.quarantine(digest, blob)).toBe(true);
    await blob.close();
    expect(copies.totalBytes).toBe(0);
    expect(await store.stat(digest)).toBe(content.length);
    expect(asked('rewrite')).toBe(0);
  });
});
