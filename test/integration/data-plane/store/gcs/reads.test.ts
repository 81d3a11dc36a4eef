import { digestOf } from '../../../../../common/oci/digest';
import type { StoredBlob } from '../../../../../data-plane/src/store/blob-store';
import { objectNamesBelow } from '../../../../../data-plane/src/store/gcs/object-names';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import { type GcsUnderTest, gcsOnFake, MIB, PREFIX } from '../../../../support/data-plane/gcs-store';

const content = bytes(4 * MIB);
const digest = digestOf(content);
const name = objectNamesBelow(PREFIX).blob(digest);

let under: GcsUnderTest;
const start = async (...limits: Parameters<typeof gcsOnFake>): Promise<StoredBlob> => {
  under = await gcsOnFake(...limits);
  under.fake.contents.write(name, content);
  return (await under.store.open(digest))!;
};
afterEach(async () => {
  await under.dispose();
  expect(under.fake.openConnections).toBe(0);
});

async function read(blob: StoredBlob, offset = 0, length = blob.size - offset): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of blob.read(offset, length)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const ranges = (): string[] => under.fake.requests.filter(({ kind }) => kind === 'download').map(({ range }) => range);

describe('a read', () => {
  it('continues after a cut connection with the missing bytes of the same generation', async () => {
    const blob = await start();
    under.fake.fault({ kind: 'download', cutAfterBytes: MIB, times: 2 });
    expect((await read(blob, 100)).equals(content.subarray(100))).toBe(true);
    expect(ranges()).toHaveLength(3);
    expect(ranges()[0]).toBe(`bytes=100-${content.length - 1}`);
    const { generation } = under.fake.contents.objects.get(name)!;
    expect(
      under.fake.requests.filter(({ kind }) => kind === 'download').map(({ query }) => query['generation']),
    ).toEqual(Array.from({ length: 3 }, () => generation));
  });

  it.each([
    ['stalls in the middle', { stallAfterBytes: MIB, times: 1 }],
    ['sends no headers', { silent: true, times: 1 }],
    ['answers 503', { status: 503, times: 3 }],
    ['answers 429', { status: 429, times: 1 }],
  ])('continues if the bucket %s', async (_, fault) => {
    const blob = await start({ idleMs: 300, headersMs: 300 });
    under.fake.fault({ kind: 'download', ...fault });
    expect((await read(blob)).equals(content)).toBe(true);
  });

  it('does not fail if its reader pauses for longer than the idle limit of the bucket', async () => {
    const blob = await start({ idleMs: 300 });
    const reading = blob.read(0, blob.size)[Symbol.asyncIterator]();
    const first = (await reading.next()).value as Buffer;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const chunks = [first];
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) chunks.push(next.value);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  it('never continues in another object under the same name', async () => {
    const blob = await start();
    under.fake.fault({ kind: 'download', cutAfterBytes: MIB, times: 1 });
    const reading = blob.read(0, blob.size)[Symbol.asyncIterator]();
    await reading.next();
    under.fake.contents.write(name, Buffer.alloc(content.length));
    await expect(
      (async () => {
        for (let next = await reading.next(); next.done !== true;) next = await reading.next();
      })(),
    ).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  it('that is aborted disturbs neither the others nor their connections', async () => {
    const blob = await start();
    under.fake.fault({ kind: 'download', stallAfterBytes: MIB, times: 1 });
    const controller = new AbortController();
    const doomed = blob.read(0, blob.size, controller.signal)[Symbol.asyncIterator]();
    await doomed.next();
    const others = [1, 2, 3].map(() => blob.read(0, blob.size)[Symbol.asyncIterator]());
    const firsts = await Promise.all(others.map((reading) => reading.next()));
    controller.abort();
    await expect(
      (async () => {
        for (let next = await doomed.next(); next.done !== true;) next = await doomed.next();
      })(),
    ).rejects.toMatchObject({ key: 'CANCELLED' });
    for (const [index, other] of others.entries()) {
      let received = (firsts[index]!.value as Buffer).length;
      for (let next = await other.next(); next.done !== true; next = await other.next()) received += next.value.length;
      expect(received).toBe(content.length);
    }
    await under.fake.until(() => under.fake.requests.filter(({ aborted }) => aborted).length === 1);
  });

  it('that stops in the middle releases its connection', async () => {
    const blob = await start({ idleMs: 60_000 });
    under.fake.fault({ kind: 'download', stallAfterBytes: MIB });
    for await (const chunk of blob.read(0, blob.size)) if (chunk.length > 0) break;
    await under.fake.until(() => under.fake.requests.some(({ kind, aborted }) => kind === 'download' && aborted));
  });

  it('fails in limited time if the bucket is down', async () => {
    const blob = await start({ readPatienceMs: 300, operationMs: 300, clientMs: 300 });
    await under.fake.goAway();
    await expect(read(blob)).rejects.toMatchObject({ key: 'STORE_FAILED' });
    await expect(under.store.stat(digest)).rejects.toMatchObject({ key: 'STORE_UNREACHABLE' });
    await expect(under.store.list('', 1)).rejects.toMatchObject({ key: 'STORE_FAILED' });
    await under.fake.comeBack();
    expect((await read(blob)).equals(content)).toBe(true);
  });

  it('gives up if the response ends early repeatedly', async () => {
    const blob = await start({ readPatienceMs: 300 });
    under.fake.fault({ kind: 'download', cutAfterBytes: 0 });
    await expect(read(blob)).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  it('into memory is retried as a whole', async () => {
    await start();
    under.fake.fault({ kind: 'download', cutAfterBytes: 1000, times: 1 });
    expect((await under.store.get(digest, content.length))!.equals(content)).toBe(true);
  });
});

describe('a delete', () => {
  it('keeps an object that has replaced the checked one', async () => {
    await start();
    let open = (): void => undefined;
    const fault = under.fake.fault({ kind: 'delete', until: new Promise<void>((resolve) => (open = resolve)) });
    const deleting = under.store.delete(digest);
    await under.fake.until(() => fault.used === 1);
    const { generation } = under.fake.contents.write(name, content);
    open();
    await deleting;
    expect(under.fake.contents.objects.get(name)!.generation).toBe(generation);
  });

  it('deletes once, even if its answers are lost', async () => {
    await start();
    under.fake.fault({ kind: 'delete', loseAnswer: true, times: 1 });
    await under.store.delete(digest);
    expect(await under.store.stat(digest)).toBeUndefined();
  });

  it('of a quarantined object succeeds even if its answer was lost', async () => {
    const blob = await start();
    under.fake.fault({ kind: 'delete', loseAnswer: true, times: 1 });
    expect(await under.store.quarantine(digest, blob)).toBe(true);
    expect([...under.fake.contents.objects.keys()]).toEqual([expect.stringContaining('mirror/one/quarantine/sha256/')]);
  });
});
