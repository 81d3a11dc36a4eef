import { existsSync } from 'node:fs';
import { digestOf } from '../../../../../common/oci/digest';
import type { BlobIngest } from '../../../../../data-plane/src/store/blob-store';
import { objectNamesBelow } from '../../../../../data-plane/src/store/gcs/object-names';
import type { RequestKind } from '../../../../support/fake-gcs';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import { type GcsUnderTest, gcsOnFake, KIB, PREFIX } from '../../../../support/data-plane/gcs-store';

const PART = 256 * KIB;
const content = bytes(3 * PART + 1000);
const digest = digestOf(content);
const name = objectNamesBelow(PREFIX).blob(digest);

let under: GcsUnderTest;
const start = async (...limits: Parameters<typeof gcsOnFake>): Promise<void> => {
  under = await gcsOnFake(...limits);
};
afterEach(async () => {
  const sessions = await under.leftovers();
  await under.dispose();
  expect(sessions).toEqual([]);
  expect(under.fake.openConnections).toBe(0);
});

const kinds = (...of: RequestKind[]): string[] =>
  under.fake.requests.filter(({ kind }) => of.includes(kind)).map(({ kind, range }) => `${kind} ${range}`.trim());
const seen = (kind: RequestKind, count = 1): Promise<void> =>
  under.fake.until(() => under.fake.requests.filter((one) => one.kind === kind && one.status).length >= count);

interface Begun {
  readonly ingest: BlobIngest;
  commit(): Promise<void>;
}

async function begin(of = content): Promise<Begun> {
  const spoolFile = await under.spoolFile(of);
  const ingest = await under.store.ingest(digestOf(of), spoolFile);
  return {
    ingest,
    commit: () => {
      ingest.advance(of.length);
      return ingest.commit(spoolFile, of.length);
    },
  };
}

async function upload(of = content): Promise<void> {
  await (await begin(of)).commit();
}

const kept = (): Buffer | undefined => under.fake.contents.objects.get(name)?.content;
const isWhole = (): boolean | undefined => kept()?.equals(content);

describe('an upload', () => {
  it('runs during the fill, and sends its last part only when the blob is proven', async () => {
    await start();
    const { ingest, commit } = await begin();
    ingest.advance(PART);
    ingest.advance(2 * PART + 1);
    await seen('part', 2);
    expect(kinds('begin', 'part')).toEqual([
      'begin',
      `part bytes 0-${PART - 1}/*`,
      `part bytes ${PART}-${2 * PART - 1}/*`,
    ]);
    expect(await under.store.stat(digest)).toBeUndefined();
    await commit();
    expect(kinds('part').slice(2)).toEqual([
      `part bytes ${2 * PART}-${3 * PART - 1}/*`,
      `part bytes ${3 * PART}-${content.length - 1}/${content.length}`,
    ]);
    expect(isWhole()).toBe(true);
    expect(kinds('ask', 'cancel', 'look').length).toBe(1);
  });

  it('of a small blob is one request with a checksum that the bucket verifies before the object is visible', async () => {
    await start();
    const small = content.subarray(0, 1000);
    await upload(small);
    expect(under.fake.requests.map(({ kind }) => kind)).toEqual(['multipart']);
    expect(await under.store.stat(digestOf(small))).toBe(1000);
  });

  it('continues after 503 from the offset that the bucket reports', async () => {
    await start();
    under.fake.fault({ kind: ['part', 'ask'], status: 503, skip: 1, times: 5 });
    await upload();
    expect(isWhole()).toBe(true);
    expect(kinds('begin')).toHaveLength(1);
    expect(kinds('ask').length).toBeGreaterThan(0);
  });

  it('repeats only the bytes that a reset connection did not transfer', async () => {
    await start({ chunkBytes: 2 * PART });
    under.fake.fault({ kind: 'part', resetAfterBytes: PART + 10_000, times: 1 });
    await upload();
    expect(isWhole()).toBe(true);
    expect(kinds('part', 'ask')).toEqual([
      `part bytes 0-${2 * PART - 1}/*`,
      'ask bytes */*',
      `part bytes ${PART}-${3 * PART - 1}/*`,
      `part bytes ${3 * PART}-${content.length - 1}/${content.length}`,
    ]);
  });

  it.each([
    ['a bucket that stores fewer bytes than it received', { keepOnly: PART, times: 1 }],
    ['a bucket that does not answer', { silent: true, times: 1 }],
    ['a bucket that stops reading', { stopReadingAfterBytes: 1000, times: 1 }],
    ['a lost answer', { loseAnswer: true, skip: 0, times: 1 }],
  ])('completes despite %s', async (_, fault) => {
    await start({ chunkBytes: 2 * PART, headersMs: 300 });
    under.fake.fault({ kind: 'part', ...fault });
    await upload();
    expect(isWhole()).toBe(true);
  });

  it('with a lost last answer is found complete and not repeated', async () => {
    await start();
    under.fake.fault({ kind: 'part', when: ({ range }) => !range.endsWith('*'), loseAnswer: true });
    const uploading = upload();
    await under.fake.until(() => kept() !== undefined);
    const { generation } = under.fake.contents.objects.get(name)!;
    await uploading;
    expect(under.fake.contents.objects.get(name)!.generation).toBe(generation);
    expect(isWhole()).toBe(true);
  });

  it('starts again if the bucket has forgotten its session', async () => {
    await start();
    const { ingest, commit } = await begin();
    ingest.advance(PART + 1);
    await seen('part');
    under.fake.contents.sessions.clear();
    await commit();
    expect(isWhole()).toBe(true);
    expect(kinds('begin')).toHaveLength(2);
  });

  it('succeeds if another writer was faster, and keeps the other object', async () => {
    await start();
    const { ingest, commit } = await begin();
    ingest.advance(PART + 1);
    await seen('part');
    const { generation } = under.fake.contents.write(name, content);
    await commit();
    expect(under.fake.contents.objects.get(name)!.generation).toBe(generation);
    expect(under.fake.contents.cancelled).toBe(1);
  });

  it('replaces an object of the same size with other bytes, and only that one', async () => {
    await start();
    under.fake.contents.write(name, Buffer.alloc(content.length));
    await upload();
    expect(isWhole()).toBe(true);
  });

  it('fails if the bucket stores wrong bytes, and nothing is visible', async () => {
    await start();
    under.fake.fault({ kind: ['part', 'multipart'], corrupt: true });
    await expect(upload()).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(kept()).toBeUndefined();
    const small = content.subarray(0, 100);
    await expect(upload(small)).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(await under.store.stat(digestOf(small))).toBeUndefined();
  });

  it('fails if the spool file is shorter than the proven size', async () => {
    await start();
    const spoolFile = await under.spoolFile(content.subarray(0, 2 * PART));
    const ingest = await under.store.ingest(digest, spoolFile);
    await expect(ingest.commit(spoolFile, content.length)).rejects.toMatchObject({ key: 'STORE_FAILED' });
    expect(kept()).toBeUndefined();
  });

  it('is given up in limited time if the bucket does not recover, fails with the reason, and ends its session', async () => {
    await start({ uploadPatienceMs: 300 });
    under.fake.fault({ kind: ['part', 'ask'], status: 503 });
    await expect(upload()).rejects.toMatchObject({
      key: 'STORE_FAILED',
      message: expect.stringMatching(/its bucket answered 503/) as string,
    });
    expect(under.fake.contents.cancelled).toBe(1);
    expect(kept()).toBeUndefined();
  });

  it('to a bucket that is down fails in limited time; starting it succeeds', async () => {
    await start({ uploadPatienceMs: 300 });
    await under.fake.goAway();
    const { ingest, commit } = await begin();
    ingest.advance(2 * PART);
    await expect(commit()).rejects.toMatchObject({ key: 'STORE_FAILED' });
    await under.fake.comeBack();
    expect(under.fake.contents.objects.size).toBe(0);
  });

  it('is not retried without write permission', async () => {
    await start();
    under.fake.fault({ kind: 'begin', status: 403 });
    await expect(upload()).rejects.toMatchObject({
      message: expect.stringMatching(/403: the credentials of Layover/) as string,
    });
    expect(kinds('begin')).toHaveLength(1);
  });

  it('releases connection and session if it is aborted in the middle of a part', async () => {
    await start();
    const fault = under.fake.fault({ kind: 'part', silent: true });
    const { ingest } = await begin();
    ingest.advance(2 * PART);
    await under.fake.until(() => fault.used === 1);
    await ingest.abort();
    await under.fake.until(() => under.fake.requests.some(({ kind, aborted }) => kind === 'part' && aborted));
    expect(under.fake.contents.sessions.size).toBe(0);
    expect(kept()).toBeUndefined();
  });

  it('is aborted by the close of the store, also during its commit', async () => {
    await start();
    under.fake.fault({ kind: ['part', 'ask'], status: 503 });
    const committing = upload();
    committing.catch(() => undefined);
    await under.fake.until(() => under.fake.requests.some(({ kind }) => kind === 'ask'));
    await under.store.close();
    await expect(committing).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(under.fake.contents.sessions.size).toBe(0);
  });

  it('holds its spool file open only while it runs', async () => {
    await start();
    if (!existsSync('/proc/self/fd')) return;
    const spoolFile = await under.spoolFile(content);
    const ingest = await under.store.ingest(digest, spoolFile);
    await ingest.commit(spoolFile, content.length);
    const { readdirSync, readlinkSync } = await import('node:fs');
    const open = readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    });
    expect(open).not.toContain(spoolFile);
  });
});
