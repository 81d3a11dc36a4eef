import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import type { StoredBlob } from '../../../../../data-plane/src/store/blob-store';
import {
  type CachedBlobStore,
  createCachedBlobStore,
} from '../../../../../data-plane/src/store/copies/cached-blob-store';
import { LocalCopies } from '../../../../../data-plane/src/store/copies/local-copies';
import { objectNamesBelow } from '../../../../../data-plane/src/store/gcs/object-names';
import { type GcsUnderTest, gcsOnFake, MIB, PREFIX } from '../../../../support/data-plane/gcs-store';
import { bytes, until } from '../../../../support/data-plane/fills/fill-setup';
import { TestClock } from '../../../../support/test-clock';

const content = bytes(12 * MIB, 'growing copy');
const digest = digestOf(content);
const name = objectNamesBelow(PREFIX).blob(digest);

/** A download of the bucket that stops after some bytes. */
interface HeldDownload {
  readonly used: number;
  go(): void;
}

describe('a copy that is read while it is made', () => {
  let under: GcsUnderTest;
  let copies: LocalCopies;
  let store: CachedBlobStore;
  beforeEach(async () => {
    // No wait is expected to end by a time limit.
    const patience = { connectMs: 60_000, headersMs: 60_000, idleMs: 60_000, operationMs: 60_000 };
    under = await gcsOnFake({ ...patience, readPatienceMs: 60_000 });
    under.fake.contents.write(name, content);
    const clock = TestClock.running();
    const options = { capacityBytes: 100 * MIB, clock, logger: createLogger('test', 'silent'), bootId: 'boot-1' };
    copies = new LocalCopies({ root: join(under.folder, 'copies'), ...options });
    await copies.prepare();
    store = createCachedBlobStore({ store: under.store, copies, clock });
  });
  afterEach(async () => {
    await store.close();
    await under.dispose();
  });

  const downloads = (): number => under.fake.requests.filter(({ kind }) => kind === 'download').length;
  const downloaded = (): number =>
    under.fake.requests.filter(({ kind }) => kind === 'download').reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  const read = async (offset = 0, length = content.length - offset, signal?: AbortSignal): Promise<Buffer> => {
    const blob = (await store.open(digest))!;
    try {
      return await readBlob(blob, offset, length, signal);
    } finally {
      await blob.close();
    }
  };
  const readBlob = async (blob: StoredBlob, offset: number, length: number, signal?: AbortSignal): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    const buffers = [Buffer.alloc(512 * 1024), Buffer.alloc(512 * 1024)] as const;
    for await (const chunk of blob.read(offset, length, signal, buffers)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  };
  /** Holds the next download before its first byte. */
  const holdDownload = (): HeldDownload => {
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const fault = under.fake.fault({ kind: 'download', until: held, times: 1 });
    return {
      get used() {
        return fault.used;
      },
      go: () => go(),
    };
  };

  it('is made by the first of many readers that are expected, with one read of the bucket', async () => {
    store.expectReaders(digest);
    const results = await Promise.all(Array.from({ length: 10 }, () => read()));
    for (const result of results) expect(result.equals(content)).toBe(true);
    expect(downloads()).toBe(1);
    expect(downloaded()).toBe(content.length);
    await until(() => copies.totalBytes === content.length);
    const copy = (await store.open(digest))!;
    expect(copy.localPath).toBeDefined();
    await copy.close();
  });

  it('withholds the end of the blob as long as the digest is not proven', async () => {
    under.fake.fault({ kind: 'download', stallAfterBytes: content.length - 1000 });
    store.expectReaders(digest);
    const blob = (await store.open(digest))!;
    const leaving = new AbortController();
    let received = 0;
    const reading = (async () => {
      for await (const chunk of blob.read(0, content.length, leaving.signal)) received += chunk.length;
    })();
    const incoming = join(under.folder, 'copies', 'incoming');
    const [file = ''] = readdirSync(incoming);
    await until(() => statSync(join(incoming, file)).size === content.length - 1000);
    await until(() => received === content.length - 64 * 1024);
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBe(content.length - 64 * 1024);
    leaving.abort();
    await expect(reading).rejects.toMatchObject({ key: 'CANCELLED' });
    await blob.close();
  });

  it('cuts its readers and is not kept if the bucket has other bytes', async () => {
    const damaged = Buffer.from(content);
    damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000);
    under.fake.contents.write(name, damaged);
    store.expectReaders(digest);
    const blob = (await store.open(digest))!;
    let received = 0;
    const reading = (async () => {
      for await (const chunk of blob.read(0, content.length)) received += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ key: 'STORE_FAILED' });
    await blob.close();
    expect(received).toBeLessThanOrEqual(content.length - 64 * 1024);
    expect(copies.totalBytes).toBe(0);
  });

  it('does not hold up a reader that is far ahead, which reads those bytes from the bucket', async () => {
    const held = holdDownload();
    store.expectReaders(digest);
    const blob = (await store.open(digest))!;
    await until(() => held.used === 1);
    const offset = 10 * MIB;
    expect((await readBlob(blob, offset, MIB)).equals(content.subarray(offset, offset + MIB))).toBe(true);
    expect(downloaded()).toBe(MIB);
    held.go();
    expect((await readBlob(blob, 0, content.length)).equals(content)).toBe(true);
    await blob.close();
    expect(downloads()).toBe(2);
  });

  it('lets its readers go on from the bucket if it fails', async () => {
    under.fake.fault({ kind: 'download', status: 403, times: 1 });
    store.expectReaders(digest);
    for (const result of await Promise.all([read(), read()])) expect(result.equals(content)).toBe(true);
    expect(downloads()).toBe(3);
    expect(copies.totalBytes).toBe(0);
  });

  it('ends the wait of a reader that leaves, and goes on for the others', async () => {
    const held = holdDownload();
    store.expectReaders(digest);
    const leaving = new AbortController();
    const left = read(0, content.length, leaving.signal);
    const stays = read();
    await until(() => held.used === 1);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ key: 'CANCELLED' });
    held.go();
    expect((await stays).equals(content)).toBe(true);
    expect(downloads()).toBe(1);
  });
});
