import { truncateSync } from 'node:fs';
import { LayoverError } from '../../../../common/errors/layover-error';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import type { OpenedBlob } from '../../../../data-plane/src/blobs/open-blob';
import { Absence } from '../../../../data-plane/src/store/guard/absence';
import { rightForInternalUse } from '../../../../data-plane/src/store/guard/internal-right';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { Gate } from '../../../support/data-plane/fills/fake-upstream';
import { bytes, until } from '../../../support/data-plane/fills/fill-setup';
import { type BlobRig, blobRig, type BlobRigOptions } from './support/blob-rig';

const NAME = 'team/app';
const SIZE = 1024 * 1024;
const content = bytes(SIZE);
const digest = digestOf(content);
const SECOND = { organization: 'second' };

let rig: BlobRig;
afterEach(() => rig.dispose());

/**
 * Starts with a stored blob that an organization with another account brought, and that a manifest
 * of the second organization names too.
 */
async function start(
  stored = content,
  { organizations = [], ...options }: BlobRigOptions = {},
): Promise<{ readonly digest: Digest; readonly lines: () => string[] }> {
  const second: OrganizationSpec = { name: 'second', username: 'second' };
  rig = await blobRig({ organizations: [{ name: 'acme', username: 'first' }, second, ...organizations], ...options });
  const kept = await rig.offer(stored, NAME);
  await rig.read(kept);
  await rig.quiet(kept);
  await rig.name(kept, stored.length, 'second');
  rig.upstream.take();
  rig.lookups();
  return { digest: kept, lines: () => rig.upstream.take().map((line) => line.split(' ', 1)[0]!) };
}

const arrivals = (): unknown[] => rig.journal.records.flatMap(({ blob }) => (blob?.digest ? [blob] : []));
const RANGES = Array.from({ length: 6 }, () => 'RANGE');
const close = async (opened: OpenedBlob): Promise<void> =>
  opened.kind === 'bytes' ? opened.reader.close() : undefined;

test('a fill proves the blob for its organization, with the repository that gave the bytes', async () => {
  const { lines } = await start();
  expect(arrivals()).toEqual([
    expect.objectContaining({
      organizationUid: 'uid-acme',
      digest,
      size: SIZE,
      identities: ['account:uid-acme:registry.test', 'credentials:registry.test:first'],
      upstreamRepository: NAME,
    }),
  ]);
  expect((await rig.read(digest)).cacheStatus).toBe('HIT');
  expect(lines()).toEqual([]);
});

test('a further data plane reads stored bytes with a proof, and never asks the upstream', async () => {
  const { lines } = await start();
  const further = true;
  expect((await rig.read(digest, { further })).content.equals(content)).toBe(true);
  await expect(rig.get(digest, { ...SECOND, further })).rejects.toMatchObject({ key: 'NOT_READY' });
  const unnamed = { repository: 'team/unnamed', further };
  await expect(rig.get(digest, unnamed)).rejects.toMatchObject({ key: 'NOT_READY' });
  expect(lines()).toEqual([]);
});

test('another account proves a stored blob with six ranges: a miss once, then hits', async () => {
  const { lines } = await start();
  const first = await rig.read(digest, SECOND);
  expect([first.cacheStatus, first.content.equals(content), lines()]).toEqual(['MISS', true, RANGES]);
  expect(await rig.head(digest, SECOND)).toMatchObject({ cacheStatus: 'HIT', size: SIZE });
  expect([(await rig.read(digest, SECOND)).cacheStatus, lines()]).toEqual(['HIT', []]);
  expect(arrivals().slice(1)).toEqual([
    expect.objectContaining({
      organizationUid: 'uid-second',
      identities: ['account:uid-second:registry.test', 'credentials:registry.test:second'],
      upstreamRepository: NAME,
    }),
  ]);
});

test('organizations with the same account share proofs', async () => {
  const { lines } = await start(content, { organizations: [{ name: 'third', username: 'first' }] });
  await rig.name(digest, SIZE, 'third');
  expect((await rig.read(digest, { organization: 'third' })).cacheStatus).toBe('HIT');
  expect(lines()).toEqual([]);
});

test('simultaneous requests of an organization share a proof and record it once', async () => {
  const { lines } = await start();
  const reads = await Promise.all(Array.from({ length: 10 }, () => rig.read(digest, SECOND)));
  expect(new Set(reads.map(({ cacheStatus }) => cacheStatus))).toEqual(new Set(['MISS']));
  expect([lines(), arrivals().length]).toEqual([RANGES, 2]);
});

test('a HEAD without a proof neither asks the store nor the upstream, and is a miss', async () => {
  const { lines } = await start();
  expect(await rig.head(digest, SECOND)).toMatchObject({ cacheStatus: 'MISS', size: SIZE });
  expect([rig.lookups(), lines()]).toEqual([[], []]);
});

test('a blob of at most 64 KiB is fetched whole', async () => {
  const small = bytes(64 * 1024, 'small');
  const { digest: kept, lines } = await start(small);
  const first = await rig.read(kept, SECOND);
  expect([first.cacheStatus, first.content.equals(small), lines()]).toEqual(['MISS', true, ['GET']]);
  await rig.quiet(kept);
  expect([(await rig.read(kept, SECOND)).cacheStatus, lines()]).toEqual(['HIT', []]);
});

test('an upstream without ranges sends the whole', async () => {
  const { lines } = await start();
  rig.upstream.behaviour.ignoresRange = true;
  expect((await rig.read(digest, SECOND)).content.equals(content)).toBe(true);
  expect(lines()).toEqual(['RANGE', 'GET']);
});

test.each<[string, Buffer, string[]]>([
  ['other bytes', bytes(SIZE, 'other'), ['GET']],
  // The rest that the manifest promises is asked for.
  ['a shorter blob', content.subarray(0, SIZE - 1), ['GET', 'GET']],
  ['a longer blob', Buffer.concat([content, Buffer.from('x')]), ['GET']],
])('an upstream with %s proves nothing, and its own bytes are refused', async (_what, wrong, gets) => {
  const { lines } = await start();
  rig.upstream.putBlob(NAME, digest, wrong);
  const ask = async (): Promise<unknown> => (await rig.read(digest, SECOND)).content;
  await expect(ask()).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
  await rig.quiet(digest);
  expect(lines()).toEqual(['RANGE', ...gets]);
  // No second guess: the next request fetches at once, whatever account asks.
  await expect(ask()).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
  await rig.quiet(digest);
  expect(lines()).toEqual(gets);
  expect(arrivals()).toHaveLength(1);
});

test('an upstream that has a part of the bytes proves nothing, and cannot guess again', async () => {
  const { lines } = await start();
  const known = content.subarray(0, SIZE / 16);
  rig.upstream.putBlob(NAME, digest, Buffer.concat([known, bytes(SIZE - known.length, 'guessed')]));
  for (let i = 0; i < 3; i += 1) {
    await expect(rig.read(digest, SECOND)).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await rig.quiet(digest);
  }
  expect(lines().filter((line) => line === 'RANGE').length).toBeLessThanOrEqual(6);
});

test('every attempt of every account asks for the same ranges, so breaking off gains no other choice', async () => {
  await start(content, { organizations: [{ name: 'third', username: 'third' }] });
  await rig.name(digest, SIZE, 'third');
  const ranges = jest.spyOn(rig.upstream, 'readRange');
  rig.upstream.behaviour.fail = {
    when: /./,
    error: () => new LayoverError('UPSTREAM_FAILED', { upstreamStatus: 500 }),
  };
  for (const organization of ['second', 'third', 'second'])
    await expect(rig.read(digest, { organization })).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  const offsets = ranges.mock.calls.map(([, , { offset }]) => offset);
  expect([offsets.length, new Set(offsets).size]).toEqual([3, 1]);
});

test('ranges of another digest have other offsets', async () => {
  await start();
  const other = bytes(SIZE, 'another blob');
  const second = await rig.keep(other);
  rig.upstream.putBlob(NAME, second, other);
  await rig.name(second, SIZE, 'second');
  const ranges = jest.spyOn(rig.upstream, 'readRange');
  await rig.read(digest, SECOND);
  await rig.read(second, SECOND);
  expect(new Set(ranges.mock.calls.map(([, , { offset }]) => offset)).size).toBeGreaterThan(6);
});

test('an upstream that gives no size is not asked for ranges, which would tell the stored one', async () => {
  rig = await blobRig({
    organizations: [
      { name: 'acme', username: 'first' },
      { name: 'second', username: 'second' },
    ],
  });
  await rig.read(await rig.offer(content, NAME));
  await rig.quiet(digest);
  rig.upstream.take();
  rig.upstream.behaviour.blobHeadWithoutSize = true;
  expect((await rig.read(digest, SECOND)).content.equals(content)).toBe(true);
  expect(rig.upstream.take().map((line) => line.split(' ', 1)[0])).toEqual(['HEAD', 'GET']);
});

test('a manifest with another size than the stored one proves nothing and does not tell the size', async () => {
  const { lines } = await start();
  await rig.name(digest, SIZE + 7, 'second');
  rig.upstream.putBlob(NAME, digest, bytes(SIZE + 7));
  const failure = await rig.read(digest, SECOND).catch((error: unknown) => error);
  expect(failure).toMatchObject({ key: 'UPSTREAM_CONTENT' });
  expect(String(failure)).not.toContain(`${SIZE} `);
  expect(lines()).toEqual(['GET']);
});

test.each<[string, () => LayoverError, string[]]>([
  ['gives no answer', () => new LayoverError('UPSTREAM_UNREACHABLE'), ['RANGE']],
  ['limits the requests', () => new LayoverError('TOO_MANY_REQUESTS', { upstreamStatus: 429 }), ['RANGE']],
  ['refuses', () => new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 403 }), ['RANGE', 'GET']],
  ['does not know the blob', () => new LayoverError('BLOB_UNKNOWN', { upstreamStatus: 404 }), ['RANGE', 'GET']],
  ['fails', () => new LayoverError('UPSTREAM_FAILED', { upstreamStatus: 500 }), ['RANGE', 'GET']],
])('a client gets the error of its own upstream if it %s', async (_what, error, expected) => {
  const { lines } = await start();
  rig.upstream.behaviour.fail = { when: /./, error };
  await expect(rig.read(digest, SECOND)).rejects.toMatchObject({ key: error().key });
  expect(lines()).toEqual(expected);
  expect(arrivals()).toHaveLength(1);
});

test('an upstream that answers ranges too slowly sends the whole instead', async () => {
  const { lines } = await start();
  const slow = new Gate();
  rig.upstream.behaviour.gate = slow.passed;
  const reading = rig.read(digest, SECOND);
  await until(() => rig.upstream.requests.length === 1);
  rig.upstream.behaviour.gate = undefined;
  rig.clock.advance(8_000);
  expect((await reading).content.equals(content)).toBe(true);
  expect(lines()).toEqual(['RANGE', 'GET']);
});

test('a proof ends when its only client leaves', async () => {
  const { lines } = await start();
  const slow = new Gate();
  rig.upstream.behaviour.gate = slow.passed;
  const client = new AbortController();
  const reading = rig.read(digest, { ...SECOND, signal: client.signal });
  const left = expect(reading).rejects.toMatchObject({ key: 'CANCELLED' });
  await until(() => rig.upstream.requests.length === 1);
  client.abort();
  await left;
  slow.open();
  await new Promise((resolve) => setImmediate(resolve));
  expect([lines(), arrivals().length]).toEqual([['RANGE'], 1]);
});

test('too many slow proofs of one account do not delay others: its further blobs are fetched', async () => {
  const { lines } = await start();
  const more = Array.from({ length: 17 }, (_, i) => bytes(100_000, `slow ${i}`));
  const digests = await Promise.all(more.map((one) => rig.keep(one)));
  for (const [i, one] of digests.entries()) {
    rig.upstream.putBlob(NAME, one, more[i]!);
    await rig.name(one, 100_000, 'second');
  }
  const slow = new Gate();
  rig.upstream.behaviour.gate = slow.passed;
  const reading = digests.map((one) => rig.read(one, SECOND));
  await until(() => rig.upstream.requests.length === 17);
  expect(lines().filter((line) => line === 'GET')).toEqual(['GET']);
  rig.upstream.behaviour.gate = undefined;
  slow.open();
  await Promise.all(reading);
});

test('no redirect before the proof, and a miss at the proof', async () => {
  const big = bytes(2 * SIZE, 'big');
  const { digest: kept, lines } = await start(big, { redirects: true });
  rig.upstream.behaviour.ignoresRange = true;
  const ask = { ...SECOND, redirectable: true };
  const cold = await rig.get(kept, ask);
  expect([cold.kind, cold.cacheStatus]).toEqual(['bytes', 'MISS']);
  expect(rig.lookups()).not.toContain('link');
  await close(cold);
  await rig.quiet(kept);
  expect(await rig.get(kept, ask)).toMatchObject({ kind: 'redirect', cacheStatus: 'HIT' });
  expect(lines()).toEqual(['RANGE', 'GET']);
  rig.knowledge.forgetProofs();
  rig.upstream.behaviour.ignoresRange = false;
  expect(await rig.get(kept, { redirectable: true })).toMatchObject({ kind: 'redirect', cacheStatus: 'MISS' });
  expect(lines()).toEqual(RANGES);
});

test('completion proves a stored blob, and fetches what it cannot prove', async () => {
  const { lines } = await start();
  const target = await rig.target(NAME, 'second');
  await rig.service.complete(target, { digest, size: SIZE });
  expect([lines(), arrivals().length]).toEqual([RANGES, 2]);
  await rig.service.complete(target, { digest, size: SIZE });
  expect(lines()).toEqual([]);
  rig.knowledge.forgetProofs();
  rig.upstream.behaviour.ignoresRange = true;
  await rig.service.completeHere(target, { digest, size: SIZE }, new AbortController().signal);
  expect([lines(), arrivals().length]).toEqual([['RANGE', 'GET'], 3]);
});

describe('completion of a stored and proven blob', () => {
  const complete = async (organization = 'acme'): Promise<void> =>
    rig.service.complete(await rig.target(NAME, organization), { digest, size: SIZE });

  test('reports the arrival again if its report was lost, once', async () => {
    await start();
    rig.clock.advance(600_000);
    await complete();
    await complete();
    expect(arrivals().slice(1)).toEqual([
      {
        organizationUid: 'uid-acme',
        digest,
        size: SIZE,
        bytesServed: 0,
        bytesFetched: 0,
        identities: ['account:uid-acme:registry.test', 'credentials:registry.test:first'],
        upstreamRepository: NAME,
      },
    ]);
  });

  test('reports nothing after a fill or a proof of this process, which reported the arrival itself', async () => {
    await start();
    await complete();
    await rig.read(digest, SECOND);
    await complete('second');
    expect(arrivals()).toHaveLength(2);
  });

  test('reports the arrival once for each organization that shares the identity of the proof', async () => {
    await start(content, { organizations: [{ name: 'third', username: 'first' }] });
    await complete('third');
    await complete('third');
    expect(arrivals().slice(1)).toEqual([
      expect.objectContaining({
        organizationUid: 'uid-third',
        identities: ['credentials:registry.test:first'],
        upstreamRepository: NAME,
      }),
    ]);
  });

  test('reports the arrival again if the journal dropped the first report', async () => {
    rig = await blobRig();
    await rig.offer(content, NAME);
    rig.journal.room = 0;
    await rig.read(digest);
    await rig.quiet(digest);
    rig.journal.room = Number.POSITIVE_INFINITY;
    await complete();
    expect(arrivals()).toHaveLength(1);
  });

  test('reports a proof only for the identities that it is known for', async () => {
    rig = await blobRig({ organizations: [{ name: 'acme', username: 'first' }] });
    await rig.keep(content);
    // The password was changed after the proof: nothing is proven for the new credentials.
    rig.knowledge.putProof(['account:uid-acme:registry.test'], digest, NAME);
    await complete();
    expect(arrivals()).toEqual([expect.objectContaining({ identities: ['account:uid-acme:registry.test'] })]);
  });
});

test('a running fill of another account is not joined, and gives no sign', async () => {
  rig = await blobRig({
    organizations: [
      { name: 'acme', username: 'first' },
      { name: 'second', username: 'second' },
    ],
  });
  rig.upstream.users = new Set(['first']);
  await rig.offer(content, NAME);
  await rig.name(digest, SIZE, 'second');
  const body = new Gate();
  rig.upstream.behaviour.bodyGate = body.passed;
  const running = await rig.get(digest);
  await expect(rig.get(digest, SECOND)).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
  await rig.service
    .complete(await rig.target(NAME, 'second'), { digest, size: SIZE })
    .then(() => Promise.reject(new Error('it completed')))
    .catch((error: unknown) => expect(error).toMatchObject({ key: 'UPSTREAM_DENIED' }));
  body.open();
  await close(running);
  await rig.quiet(digest);
  expect(arrivals()).toEqual([expect.objectContaining({ organizationUid: 'uid-acme' })]);
});

async function damage(): Promise<void> {
  const blob = await rig.stored.open(rightForInternalUse(digest));
  if (blob instanceof Absence) throw new Error('the blob is not stored');
  truncateSync(blob.localPath!, 1000);
  await blob.close();
}

test('a damaged blob is fetched again for an organization with a proof, and without one as well', async () => {
  const { lines } = await start();
  await damage();
  const repaired = await rig.read(digest);
  expect([repaired.content.equals(content), lines()]).toEqual([true, ['GET']]);
  await rig.quiet(digest);
  await damage();
  const fetched = await rig.read(digest, SECOND);
  expect([fetched.content.equals(content), lines()]).toEqual([true, ['GET']]);
  await rig.quiet(digest);
  expect((await rig.read(digest)).content.equals(content)).toBe(true);
});
