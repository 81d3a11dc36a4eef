import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import type { StoredBlob } from '../../../../../data-plane/src/store/blob-store';
import { LocalCopies } from '../../../../../data-plane/src/store/copies/local-copies';
import { type TemporaryFolder, temporaryFolder } from '../../../../support/real/temporary-folder';
import { bytes, until } from '../../../../support/data-plane/fills/fill-setup';
import { TestClock } from '../../../../support/test-clock';
import { DiskAccount } from '../../../../../data-plane/src/store/room/disk-account';
import { FakeDisk } from '../../../../support/data-plane/fills/fake-disk';

const [a, b, c] = ['a', 'b', 'c'].map((seed) => bytes(1000, seed)) as [Buffer, Buffer, Buffer];

describe('LocalCopies', () => {
  let folder: TemporaryFolder;
  let clock: TestClock;
  beforeEach(async () => {
    folder = await temporaryFolder('copies');
    clock = new TestClock(Date.now());
  });
  afterEach(() => folder.remove());

  const root = (): string => join(folder.path, 'copies');
  const start = async (capacityBytes = 10_000, bootId = 'boot-1', account?: DiskAccount): Promise<LocalCopies> => {
    const copies = new LocalCopies({
      root: root(),
      capacityBytes,
      clock,
      logger: createLogger('test', 'silent'),
      bootId,
      ...(account && { account }),
    });
    await copies.prepare();
    return copies;
  };
  const adopt = async (copies: LocalCopies, content: Buffer): Promise<string> => {
    const spoolFile = join(folder.path, randomUUID());
    writeFileSync(spoolFile, content);
    await copies.adopt(digestOf(content), spoolFile, content.length);
    return spoolFile;
  };
  const files = (): string[] =>
    readdirSync(root(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const read = async (copies: LocalCopies, content: Buffer): Promise<Buffer | undefined> => {
    const blob = await copies.open(digestOf(content));
    if (blob === undefined) return undefined;
    try {
      return readFileSync(blob.localPath!);
    } finally {
      await blob.close();
    }
  };

  it('hard-links spool files instead of copying their bytes', async () => {
    const copies = await start();
    const spoolFile = await adopt(copies, a);
    const blob = (await copies.open(digestOf(a)))!;
    expect(statSync(blob.localPath!).ino).toBe(statSync(spoolFile).ino);
    await blob.close();
    expect(copies.totalBytes).toBe(1000);
  });

  it('evicts the least recently read copies when there are too many', async () => {
    const copies = await start(2500);
    await adopt(copies, a);
    await adopt(copies, b);
    await read(copies, a);
    await adopt(copies, c);
    expect(await read(copies, b)).toBeUndefined();
    expect(await read(copies, a)).toEqual(a);
    expect(await read(copies, c)).toEqual(c);
    await until(() => files().length === 2);
    expect(copies.totalBytes).toBe(2000);
  });

  it('keeps copies while they are open, also above the limit', async () => {
    const copies = await start(1500);
    await adopt(copies, a);
    const blob = (await copies.open(digestOf(a)))!;
    await adopt(copies, b);
    expect(readFileSync(blob.localPath!)).toEqual(a);
    await blob.close();
    await blob.close();
    await until(() => files().length <= 1);
    expect(copies.totalBytes).toBeLessThanOrEqual(1500);
  });

  it('does not keep a copy that is larger than the limit', async () => {
    const copies = await start(999);
    await adopt(copies, a);
    expect(files()).toEqual([]);
  });

  it('keeps copies over a restart, in the order of their last reads', async () => {
    const first = await start();
    for (const content of [a, b, c]) await adopt(first, content);
    clock.advance(3_600_000);
    await read(first, a);
    await until(() => files().some((file) => Math.abs(statSync(file).mtimeMs - clock.now()) < 1));
    const second = await start(1500);
    expect(await read(second, a)).toEqual(a);
    expect([await read(second, b), await read(second, c)]).toEqual([undefined, undefined]);
  });

  it('removes copies with a wrong size, at start and on a read', async () => {
    const first = await start();
    await adopt(first, a);
    await adopt(first, b);
    for (const file of files()) writeFileSync(file, 'short');
    expect(await read(first, a)).toBeUndefined();
    const second = await start();
    expect(await read(second, b)).toBeUndefined();
    expect(files()).toEqual([]);
  });

  it('hashes copies after a reboot before it uses them: it keeps good ones and removes others', async () => {
    const first = await start(10_000, 'boot-1');
    await adopt(first, a);
    await adopt(first, b);
    const damaged = files().find((file) => readFileSync(file).equals(b))!;
    writeFileSync(damaged, Buffer.alloc(1000));
    const second = await start(10_000, 'boot-2');
    expect(second.sizeOf(digestOf(a))).toBeUndefined();
    expect(await read(second, a)).toBeUndefined();
    expect(await read(second, b)).toBeUndefined();
    await until(() => second.sizeOf(digestOf(a)) === 1000 && !existsSync(damaged));
    expect(await read(second, a)).toEqual(a);
    expect(await read(second, b)).toBeUndefined();
    expect(second.totalBytes).toBe(1000);
    expect(files()).toHaveLength(1);
    const third = await start(10_000, 'boot-2');
    expect(await read(third, a)).toEqual(a);
    expect(readdirSync(root()).sort()).toEqual(['boot-2', 'incoming']);
  });

  it('copies a blob only completely and correctly', async () => {
    const copies = await start();
    const blobOf = (content: Buffer, says = content.length): StoredBlob => ({
      size: says,
      localPath: undefined,
      async *read() {
        yield content.subarray(0, 500);
        yield content.subarray(500);
      },
      close: () => Promise.resolve(),
    });
    const { signal } = new AbortController();
    await copies.copyBlob(digestOf(a), blobOf(b), signal);
    await copies.copyBlob(digestOf(a), blobOf(a, 999), signal);
    await copies.copyBlob(digestOf(a), blobOf(a), AbortSignal.abort());
    expect(files()).toEqual([]);
    await copies.copyBlob(digestOf(a), blobOf(a), signal);
    expect(await read(copies, a)).toEqual(a);
    expect(files()).toHaveLength(1);
  });

  it('copies a blob only if fills have not reserved the room, and gives its own reservation back', async () => {
    const disk = new FakeDisk(512 * 1024 * 1024 + 1000);
    const account = new DiskAccount({ readFree: disk.read, reserveBytes: 0, clock });
    const copies = await start(10_000, 'boot-1', account);
    let reserved = 0;
    const blob: StoredBlob = {
      size: a.length,
      localPath: undefined,
      async *read() {
        reserved = account.unwrittenBytes;
        yield a;
      },
      close: () => Promise.resolve(),
    };
    const { signal } = new AbortController();
    const fill = account.open();
    await fill.take(1001 - a.length);
    await copies.copyBlob(digestOf(a), blob, signal);
    expect([files(), reserved]).toEqual([[], 0]);
    fill.release();
    await copies.copyBlob(digestOf(a), blob, signal);
    expect([files().length, reserved, account.holders]).toEqual([1, a.length, 0]);
  });

  it('makes room for a fill by removing the least recently read copies that are not open', async () => {
    const copies = await start();
    for (const content of [a, b, c]) await adopt(copies, content);
    const blob = (await copies.open(digestOf(a)))!;
    await copies.makeRoom(1500);
    expect([await read(copies, b), await read(copies, c)]).toEqual([undefined, undefined]);
    expect(readFileSync(blob.localPath!)).toEqual(a);
    await blob.close();
  });

  it('keeps all copies if their removal would not make enough room', async () => {
    const copies = await start();
    for (const content of [a, b]) await adopt(copies, content);
    await copies.makeRoom(2 ** 50, a.length + b.length + 1);
    expect([await read(copies, a), await read(copies, b)]).toEqual([a, b]);
    await copies.makeRoom(2 ** 50, a.length + b.length);
    expect([await read(copies, a), await read(copies, b)]).toEqual([undefined, undefined]);
  });

  it('removes incomplete files of a crash at start', async () => {
    await start();
    writeFileSync(join(root(), 'incoming', 'half'), 'written');
    await start();
    expect(files()).toEqual([]);
  });

  it('does not fail its callers if its folder is not writable', async () => {
    writeFileSync(root(), 'a file');
    const copies = await start();
    await adopt(copies, a);
    await copies.write(digestOf(b), b);
    expect(await read(copies, a)).toBeUndefined();
    await copies.makeRoom(1);
  });
});
