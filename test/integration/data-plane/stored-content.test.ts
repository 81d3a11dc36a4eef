import { writeFile } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import { digestOf } from '../../../common/oci/digest';
import type { ContentUse__Output } from '../../../proto/gen/layover/v1/ContentUse';
import { buildImage } from '../../support/fake-registry';
import { waitUntil } from '../../support/real/wait-until';
import { applyAdmissions, type Rig, startRig } from './support/data-plane-rig';
import { outcome } from './support/registry-caller';
import { TestClock } from '../../support/test-clock';

const NAME = 'team/app';
/** Large enough that a client that does not read keeps the call open. */
const LARGE = 8 * 1024 * 1024;
const image = buildImage({ layers: [LARGE, 300_000], seed: 'first' });
const [large, small] = image.layers as [(typeof image.layers)[number], (typeof image.layers)[number]];
const all = [image.digest, image.config.digest, large.digest, small.digest];
const ABSENT = digestOf(Buffer.from('never'));

let rig: Rig;
let clock: TestClock;
/** Caches the whole image, and lets ten seconds pass since its last use. */
beforeEach(async () => {
  clock = TestClock.running();
  rig = await startRig({ overrides: { clock } });
  rig.registry.content.addImage(NAME, 'latest', image);
  await pullAll();
  // The clock will pass the time after which a silent control plane counts as gone, and everything
  // is confirmed again then.
  applyAdmissions(rig.catalog);
  await unused();
  rig.asked();
});
afterEach(() => rig.close());

/**
 * Advances the clock until all uses ended more than ten seconds ago: a client has its last byte
 * before the fill ends.
 */
async function unused(): Promise<void> {
  do clock.advance(10_000);
  while ((await rig.storage.stat(...all)).some((state) => state.endsWith('*')));
}

async function pullAll(): Promise<string[]> {
  const blobs = [image.config, large, small];
  const statuses = [(await rig.edge.manifest('latest')).cacheStatus];
  for (const { digest, bytes } of blobs) {
    const read = await rig.edge.blob(digest);
    expect(read.bytes.equals(bytes)).toBe(true);
    statuses.push(read.header!.cacheStatus);
  }
  await rig.held(...all);
  return statuses;
}

/**
 * Starts a client that reads the first bytes of a blob and then stops reading until it is told to
 * leave.
 */
async function reading(digest: string): Promise<{ leave(): Promise<void> }> {
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => (leave = resolve));
  let read: Promise<unknown> = Promise.resolve();
  await new Promise<void>((begun) => {
    read = rig.edge.blob(digest, {}, async (received) => {
      begun();
      await left;
      return received < 0;
    });
  });
  return {
    async leave() {
      leave();
      await read;
    },
  };
}

describe('Storage.StatBlobs', () => {
  test('returns the sizes of blobs and manifests, and whether they are being read', async () => {
    const sizes = [`${image.manifest.length}`, `${image.config.bytes.length}`, `${LARGE}`, '300000'];
    expect(await rig.storage.stat(...all)).toEqual(sizes);
    expect(await rig.storage.stat(ABSENT, small.digest)).toEqual(['-1', '300000']);
    const client = await reading(large.digest);
    // Work in the background may use the other blob once more for a moment.
    do clock.advance(60_000);
    while ((await rig.storage.stat(small.digest))[0] !== '300000');
    expect(await rig.storage.stat(large.digest)).toEqual([`${LARGE}*`]);
    await client.leave();
    expect(await rig.storage.stat(large.digest)).toEqual([`${LARGE}*`]);
    await unused();
    expect(await outcome(rig.edge.manifest(image.digest))).toBe('HIT');
    expect(await rig.storage.stat(image.digest)).toEqual([`${sizes[0]}*`]);
  });

  test('reports a running fill as in use, even without a client, and as present after the commit', async () => {
    const other = buildImage({ layers: [400_000], seed: 'other' });
    rig.registry.content.addImage(NAME, 'other', other);
    await rig.edge.manifest('other');
    const [layer] = other.layers as [(typeof other.layers)[number]];
    rig.registry.quirk({ path: layer.digest, stallAfterBytes: 200_000, times: 1 });
    const client = await reading(layer.digest);
    expect(await rig.storage.stat(layer.digest)).toEqual(['-1*']);
    expect(await rig.storage.delete(layer.digest)).toEqual(['IN_USE']);
    await client.leave();
    expect((await rig.storage.stat(layer.digest))[0]).toMatch(/\*$/);
    await rig.held(layer.digest);
    expect(await rig.storage.stat(layer.digest)).toEqual(['400000*']);
  });
});

describe('Storage.DeleteBlobs', () => {
  test('keeps content that is being read; the rest is deleted, from memory too, and fetched again', async () => {
    let received = 0;
    let deleted: string[] = [];
    const { bytes } = await rig.edge.blob(large.digest, {}, async (now) => {
      if (received === 0 && now > 0) {
        deleted = await rig.storage.delete(large.digest, small.digest, image.digest, ABSENT, small.digest);
      }
      received = now;
    });
    expect(deleted).toEqual(['IN_USE', 'DELETED', 'DELETED', 'ABSENT', 'ABSENT']);
    expect(bytes.equals(large.bytes)).toBe(true);
    expect(all.map(rig.holds)).toEqual([false, true, true, false]);
    rig.asked();
    expect(await pullAll()).toEqual(['REVALIDATED', 'HIT', 'HIT', 'MISS']);
    expect(rig.asked()).toContain(`GET /v2/${NAME}/manifests/${image.digest}`);
    expect(all.every(rig.holds)).toBe(true);
  });
});

test('deletes nothing while arrivals were not reported to the control plane for long', async () => {
  rig.catalog.switches.failWith = status.UNAVAILABLE;
  // The record of this pull stays on this node.
  await rig.edge.manifest('latest');
  clock.advance(60_000);
  expect(await rig.storage.delete(small.digest)).toEqual(['IN_USE']);
  expect(rig.holds(small.digest)).toBe(true);
  rig.catalog.switches.failWith = undefined;
  await waitUntil('the deletion', async () => {
    clock.advance(10_000);
    return (await rig.storage.delete(small.digest))[0] === 'DELETED';
  });
  expect(rig.holds(small.digest)).toBe(false);
});

test('allows an evicted image to become complete again with the next pull of its manifest', async () => {
  await rig.configure({ name: 'acme', completeImages: true });
  await rig.edge.manifest('latest');
  await rig.held(...all);
  // Evicts like the control plane: the tables, the invalidation, and then the bytes.
  const key = { organizationUid: 'uid-acme', originVersion: 'origin-1', repository: NAME };
  rig.catalog.removeTag(key, 'latest');
  rig.catalog.removeManifest(key, image.digest);
  rig.catalog.invalidate({ ...key, digest: image.digest });
  rig.catalog.invalidate({ ...key, tag: 'latest' });
  while ((await rig.edge.manifest('latest', { head: true })).cacheStatus !== 'MISS');
  await unused();
  expect(await rig.storage.delete(...all)).toEqual(all.map(() => 'DELETED'));
  expect((await rig.edge.manifest('latest')).cacheStatus).toBe('MISS');
  await rig.held(...all);
});

describe('Storage.ListBlobs', () => {
  test('returns everything in the order of the digests, page by page', async () => {
    const sizes = new Map<string, number>([
      [image.digest, image.manifest.length],
      ...[image.config, large, small].map(({ digest, bytes }) => [digest, bytes.length] as const),
    ]);
    const sorted = [...all].sort().map((digest) => ({ digest, size: sizes.get(digest) }));
    expect(await rig.storage.list()).toEqual({ blobs: sorted, more: false });
    const first = await rig.storage.list('', 3);
    expect(first).toEqual({ blobs: sorted.slice(0, 3), more: true });
    expect(await rig.storage.list(first.blobs.at(-1)!.digest, 3)).toEqual({ blobs: sorted.slice(3), more: false });
  });
});

describe('Storage.VerifyBlobs', () => {
  test('sends one message per digest, in order, and quarantines damaged content on request', async () => {
    const damaged = Buffer.from(small.bytes);
    damaged[299_999]! ^= 1;
    await writeFile(rig.file(small.digest), damaged);
    const asked = [ABSENT, small.digest, large.digest, image.digest];
    const found = [
      { digest: ABSENT, outcome: 'MISSING', size: 0 },
      { digest: small.digest, outcome: 'DAMAGED', size: 300_000 },
      { digest: large.digest, outcome: 'WHOLE', size: LARGE },
      { digest: image.digest, outcome: 'WHOLE', size: image.manifest.length },
    ];
    expect(await rig.storage.verify(asked)).toEqual(found);
    expect(rig.holds(small.digest)).toBe(true);
    expect(await rig.storage.verify(asked, true)).toEqual(found);
    expect(rig.holds(small.digest)).toBe(false);
    expect(await rig.storage.verify([])).toEqual([]);
    // Verifying does not count as a use.
    expect(await rig.storage.stat(large.digest)).toEqual([`${LARGE}`]);
  });

  test('ends when its caller cancels, and accepts a thousand digests', async () => {
    const asked = Array.from({ length: 1000 }, () => large.digest);
    const seen = await rig.storage.verify(asked, false, () => false);
    expect(seen).toHaveLength(1);
    // Open files are closed: the next call is answered at once, and the rig stops in time.
    expect(await rig.storage.stat(large.digest)).toEqual([`${LARGE}`]);
  });
});

test('refuses an invalid request with the name of its field', async () => {
  const tooMany = Array.from({ length: 1001 }, () => ABSENT);
  const refused = (field: string): object => ({
    key: 'REQUEST_INVALID',
    detail: { field },
    message: expect.stringContaining(field) as string,
  });
  for (const call of [
    (digests: string[]) => rig.storage.stat(...digests),
    (digests: string[]) => rig.storage.delete(...digests),
    (digests: string[]) => rig.storage.verify(digests),
  ]) {
    await expect(call(tooMany)).rejects.toMatchObject(refused('digests'));
    await expect(call([ABSENT, 'latest'])).rejects.toMatchObject(refused('digests[1]'));
    await expect(call(['sha256:../../../etc/passwd'])).rejects.toMatchObject(refused('digests[0]'));
  }
  await expect(rig.storage.list('latest')).rejects.toMatchObject(refused('after'));
  await expect(rig.storage.list('', 1001)).rejects.toMatchObject(refused('limit'));
  await expect(rig.storage.list('', -1)).rejects.toMatchObject(refused('limit'));
  expect(all.every(rig.holds)).toBe(true);
});

test('content uses are reported every ten seconds, once more when there are none, and with admissions', async () => {
  const client = await reading(large.digest);
  const startedAt = clock.now();
  const told = (): readonly ContentUse__Output[] => rig.catalog.uses.get('node-1') ?? [];
  clock.advance(10_000);
  await rig.catalog.until(() => told()[0]?.digest === large.digest);
  const [use, ...others] = told();
  expect(others).toEqual([]);
  expect(use).toMatchObject({ organizationUid: 'uid-acme', repository: NAME });
  expect(Math.abs(use!.startedAt - startedAt)).toBeLessThan(5_000);

  const other = buildImage({ layers: [1000], seed: 'other' });
  rig.registry.content.addImage(NAME, 'other', other);
  await rig.edge.manifest('other');
  const admitted = [...rig.catalog.admissions.values()].find(({ tag }) => tag === 'other')!;
  expect(admitted.inUse).toEqual([use]);

  await client.leave();
  while (told().length > 0) {
    const before = rig.catalog.count('ReportUse');
    clock.advance(10_000);
    await rig.catalog.until(() => rig.catalog.count('ReportUse') > before);
  }
  const reports = rig.catalog.count('ReportUse');
  clock.advance(10_000);
  await rig.storage.stat(ABSENT);
  expect(rig.catalog.count('ReportUse')).toBe(reports);
});
