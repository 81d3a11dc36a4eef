import { MediaType } from '../../../common/oci/media-types';
import { buildImage, buildIndex, createGate, patternBytes } from '../../support/fake-registry';
import { TestClock } from '../../support/test-clock';
import { applyAdmissions, type Rig, type RigOptions, startRig } from './support/data-plane-rig';
import { outcome } from './support/registry-caller';

const NAME = 'team/app';
const image = buildImage({ layers: [70_000, 300_000], seed: 'first' });
const second = buildImage({ layers: [70_000, 1000], seed: 'second' });
const manifest = (reference: string): string => `/v2/${NAME}/manifests/${reference}`;
const blob = (digest: string): string => `/v2/${NAME}/blobs/${digest}`;

let rig: Rig;
const start = async (options: RigOptions = {}): Promise<void> => {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'latest', image);
};
afterEach(() => rig.close());

/** Returns the sum of the byte counts that the control plane has received. */
function countedBytes(field: 'bytesServed' | 'bytesFetched'): number {
  return [...rig.catalog.records.values()].reduce((sum, { blob: counts }) => sum + (counts?.[field] ?? 0), 0);
}

/** Pulls all parts of an image that a client pulls. */
async function pullAll(of = image, reference = 'latest'): Promise<string[]> {
  const { cacheStatus } = await rig.edge.manifest(reference);
  const blobs = await Promise.all([of.config, ...of.layers].map((one) => rig.edge.blob(one.digest)));
  blobs.forEach(({ bytes, failure }, index) => {
    expect(failure).toBeUndefined();
    expect(bytes.equals([of.config, ...of.layers][index]!.bytes)).toBe(true);
  });
  await rig.held(...[of.config, ...of.layers].map(({ digest }) => digest));
  return [cacheStatus, ...blobs.map(({ header }) => header!.cacheStatus)];
}

test('a cold pull sends one GET per digest, a warm pull only one HEAD, and each byte is fetched once', async () => {
  await start();
  expect(await pullAll()).toEqual(['MISS', 'MISS', 'MISS', 'MISS']);
  const digests = [image.config, ...image.layers].map(({ digest }) => digest);
  for (const { digest, bytes } of [image.config, ...image.layers])
    expect(rig.registry.bytesSent(digest)).toBe(bytes.length);
  expect(rig.asked().sort()).toEqual(
    [`GET ${manifest('latest')}`, ...digests.map((digest) => `GET ${blob(digest)}`)].sort(),
  );

  expect(await pullAll()).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
  expect(rig.asked()).toEqual([`HEAD ${manifest('latest')}`]);
  expect(await outcome(rig.edge.manifest(image.digest))).toBe('HIT');
  expect(await rig.edge.stat(image.config.digest)).toMatchObject({
    size: image.config.bytes.length,
    cacheStatus: 'HIT',
  });
  expect(rig.asked()).toEqual([]);
  expect(rig.spooled()).toEqual([]);
});

test('manifests are served byte for byte, with type, size and upstream', async () => {
  await start();
  const docker = buildImage({ mediaTypes: 'docker', seed: 'docker' });
  const index = buildIndex({ images: [image, second] });
  rig.registry.content.addImage(NAME, 'docker', docker);
  rig.registry.content.addIndex(NAME, 'index', index);
  expect(await rig.edge.manifest('docker')).toMatchObject({
    content: docker.manifest,
    mediaType: MediaType.dockerManifest,
    digest: docker.digest,
    size: docker.manifest.length,
    ageSeconds: -1,
    upstreamHost: rig.registry.host,
  });
  expect(await rig.edge.manifest('index')).toMatchObject({ content: index.manifest, mediaType: MediaType.ociIndex });
  expect((await rig.edge.manifest('index', { head: true })).content).toHaveLength(0);
  await expect(rig.edge.manifest('index', { accept: [MediaType.ociManifest] })).rejects.toMatchObject({
    key: 'MANIFEST_UNKNOWN',
  });
});

test('a moved tag fetches the new manifest and no blobs that are held', async () => {
  await start();
  await pullAll();
  rig.registry.content.addImage(NAME, 'latest', second);
  rig.asked();
  const [shared, own] = second.layers;
  const sharedIsHeld = image.layers.some(({ digest }) => digest === shared!.digest);
  expect(await pullAll(second)).toEqual(['UPDATED', 'MISS', sharedIsHeld ? 'HIT' : 'MISS', 'MISS']);
  const asked = rig.asked();
  expect(asked.slice(0, 2)).toEqual([`HEAD ${manifest('latest')}`, `GET ${manifest(second.digest)}`]);
  expect(asked).toContain(`GET ${blob(own!.digest)}`);
});

test('cached content is served while the upstream is down; errors for the rest name the upstream', async () => {
  const clock = TestClock.running();
  await start({ organizations: [{ name: 'acme', expirationSeconds: 3600 }], overrides: { clock } });
  await pullAll();
  await rig.registry.close();
  expect(await pullAll()).toEqual(['STALE', 'HIT', 'HIT', 'HIT']);
  await expect(rig.edge.manifest('other')).rejects.toMatchObject({
    key: 'UPSTREAM_UNREACHABLE',
    message: expect.stringContaining(rig.registry.host) as string,
  });
  expect(await outcome(rig.edge.manifest('latest'))).toBe('STALE');
  clock.advance(3_600_000);
  expect(await outcome(rig.edge.manifest('latest'))).toBe('UPSTREAM_UNREACHABLE');
});

test('ranges at the start, in the middle, to the end and from the end are served; others get 416 with the size', async () => {
  await start();
  await rig.edge.manifest('latest');
  const { digest, bytes } = image.layers[1]!;
  const ask = async (range: Parameters<typeof rig.edge.blob>[1]): Promise<Buffer> =>
    (await rig.edge.blob(digest, range)).bytes;
  for (let round = 0; round < 2; round += 1) {
    expect(await ask({ bytes: { firstByte: 0, lastByte: 9 } })).toEqual(bytes.subarray(0, 10));
    expect(await ask({ bytes: { firstByte: 150_000, lastByte: 250_000 } })).toEqual(bytes.subarray(150_000, 250_001));
    expect(await ask({ bytes: { firstByte: 299_990, lastByte: -1 } })).toEqual(bytes.subarray(299_990));
    expect(await ask({ bytes: { firstByte: 299_990, lastByte: 999_999 } })).toEqual(bytes.subarray(299_990));
    expect(await ask({ suffixLength: 7 })).toEqual(bytes.subarray(-7));
  }
  expect((await rig.edge.blob(digest, { bytes: { firstByte: 300_000, lastByte: -1 } })).failure).toBe('RANGE_INVALID');
  expect((await rig.edge.blob(digest, { suffixLength: 0 })).failure).toBe('RANGE_INVALID');
  expect((await rig.edge.blob(digest, { bytes: { firstByte: 9, lastByte: 3 } })).failure).toBe('RANGE_INVALID');
  expect(rig.asked().filter((line) => line.includes('blobs'))).toEqual([`GET ${blob(digest)}`]);
});

test('a range outside a cold blob is refused with the size that the upstream announces', async () => {
  await start();
  await rig.edge.manifest('latest');
  rig.asked();
  const { digest } = image.layers[1]!;
  expect((await rig.edge.blob(digest, { bytes: { firstByte: 300_000, lastByte: -1 } })).failure).toBe('RANGE_INVALID');
  expect(rig.asked()).toEqual([`GET /v2/team/app/blobs/${digest}`]);
});

test('a local file is returned to an edge that can read it, complete or growing', async () => {
  await start();
  await rig.edge.manifest('latest');
  const { digest, bytes } = image.layers[1]!;
  const cold = await rig.edge.blob(digest, { accepts: ['LOCAL_FILE', 'INLINE'] }, () => false);
  expect(cold.header).toMatchObject({ delivery: 'LOCAL_FILE', size: bytes.length, cacheStatus: 'MISS' });
  await rig.edge.blob(digest);
  await rig.held(digest);
  const warm = await rig.edge.blob(digest, { accepts: ['LOCAL_FILE'] }, () => false);
  expect(warm.header).toMatchObject({ delivery: 'LOCAL_FILE', available: bytes.length, cacheStatus: 'HIT' });
});

test('bytes that replace a local file are counted by the answer with the file, and only by it', async () => {
  await start();
  await rig.edge.manifest('latest');
  const { digest, bytes } = image.layers[1]!;
  const gate = createGate();
  rig.registry.quirk({ path: digest, method: 'GET', gate, gateAtBytes: bytes.length / 2 });
  const file = rig.edge.blob(digest, { accepts: ['LOCAL_FILE', 'INLINE'] });
  await gate.reached;
  const replacement = rig.edge.blob(digest, { counted: true });
  gate.open();
  expect((await file).header).toMatchObject({ delivery: 'LOCAL_FILE' });
  expect((await replacement).bytes.equals(bytes)).toBe(true);
  expect((await rig.edge.blob(digest, { counted: true })).bytes.equals(bytes)).toBe(true);
  // The byte counts are written to the journal when the data plane stops.
  await rig.restart();
  await rig.catalog.until(() => countedBytes('bytesServed') > 0);
  expect(countedBytes('bytesServed')).toBe(bytes.length);
});

test('bytes over the byte channel are the right ones, and count as served once', async () => {
  await start();
  await rig.edge.manifest('latest');
  const size = 3_000_000;
  const digest = rig.registry.content.addBlob(NAME, { size, seed: 'channel' });
  const bytes = patternBytes('channel', 0, size);
  const gate = createGate();
  rig.registry.quirk({ path: digest, method: 'GET', gate, gateAtBytes: size / 2 });
  const cold = rig.edge.blob(digest, { accepts: ['CHANNEL', 'INLINE'] });
  await gate.reached;
  gate.open();
  await rig.held(digest);
  const warm = rig.edge.blob(digest, { accepts: ['CHANNEL', 'INLINE'] });
  const range = rig.edge.blob(digest, { accepts: ['CHANNEL'], bytes: { firstByte: 1000, lastByte: 1_000_999 } });
  const counted = rig.edge.blob(digest, { accepts: ['CHANNEL'], counted: true });
  for (const [read, expected] of [
    [cold, bytes],
    [warm, bytes],
    [range, bytes.subarray(1000, 1_001_000)],
    [counted, bytes],
  ] as const) {
    const { header, bytes: got, failure } = await read;
    expect([header!.delivery, failure, got.equals(expected)]).toEqual(['CHANNEL', undefined, true]);
  }
  expect(rig.registry.bytesSent(digest)).toBe(size);
  await rig.restart();
  await rig.catalog.until(() => countedBytes('bytesServed') > 0);
  expect(countedBytes('bytesServed')).toBe(2 * size + 1_000_000);
  expect(await rig.pulls(1)).toHaveLength(1);
});

test('64 clients share one fill of a cold blob, start before it has ended, and slow or gone ones delay nobody', async () => {
  const size = 2 * 1024 * 1024;
  // The gate holds the body until 64 clients have arrived, which must not count as a stall.
  await start({ config: (config) => ({ ...config, upstream: { ...config.upstream, bodyMs: 15_000 } }) });
  const digest = rig.registry.content.addBlob(NAME, { size, seed: 'big' });
  const bytes = patternBytes('big', 0, size);
  const gate = createGate();
  rig.registry.quirk({ path: digest, method: 'GET', gate, gateAtBytes: size / 2 });
  const started = new Set<number>();
  let allStarted = (): void => undefined;
  const everybody = new Promise<void>((resolve) => (allStarted = resolve));
  const onStart = (id: number) => (received: number) => {
    if (received > 0 && started.add(id).size === 64) allStarted();
  };
  const readers = Array.from({ length: 61 }, (_, id) => rig.edge.blob(digest, {}, onStart(id)));
  const ranged = rig.edge.blob(digest, { bytes: { firstByte: 1000, lastByte: 1_800_000 } }, onStart(61));
  const leaver = rig.edge.blob(digest, {}, (received) => (onStart(62)(received), received === 0));
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = rig.edge.blob(digest, {}, async (received) => {
    onStart(63)(received);
    if (received > 0) await held;
  });
  await gate.reached;
  await everybody;
  gate.open();
  for (const { bytes: got, failure } of await Promise.all(readers)) {
    expect(failure).toBeUndefined();
    expect(got.equals(bytes)).toBe(true);
  }
  expect((await ranged).bytes.equals(bytes.subarray(1000, 1_800_001))).toBe(true);
  await leaver;
  release();
  expect((await slow).bytes.equals(bytes)).toBe(true);
  expect(rig.registry.bytesSent(digest)).toBe(size);
  expect(rig.asked().filter((line) => line.startsWith('GET') && line.includes(digest))).toHaveLength(1);
  await rig.held(digest);
});

test('completion fills once what the client did not request, and fills nothing for an index', async () => {
  await start({ organizations: [{ name: 'acme', completeImages: true }] });
  const index = buildIndex({ images: [second] });
  rig.registry.content.addIndex(NAME, 'index', index);
  await rig.edge.manifest('index');
  const [client] = await Promise.all([rig.edge.manifest('latest').then(() => rig.edge.blob(image.layers[1]!.digest))]);
  expect(client.bytes.equals(image.layers[1]!.bytes)).toBe(true);
  const digests = [image.config, ...image.layers].map(({ digest }) => digest);
  const stored = (): string[] => [...rig.catalog.records.values()].flatMap(({ blob: event }) => event?.digest || []);
  await rig.catalog.until(() => digests.every((digest) => stored().includes(digest)));
  for (const { digest, bytes } of [image.config, ...image.layers]) {
    expect(rig.holds(digest)).toBe(true);
    expect(rig.registry.bytesSent(digest)).toBe(bytes.length);
  }
  expect(rig.asked().filter((line) => second.layers.some(({ digest }) => line.includes(digest)))).toEqual([]);
});

test('completion begins no blob of an organization that was switched off meanwhile', async () => {
  await start({
    organizations: [{ name: 'acme', completeImages: true }],
    config: (config) => ({ ...config, completion: { ...config.completion, concurrency: 1 } }),
  });
  const gate = createGate();
  rig.registry.quirk({ path: '/blobs/', times: 1, gate });
  await rig.edge.manifest('latest');
  await gate.reached;
  await rig.configure({ name: 'acme', completeImages: true, enabled: false });
  gate.open();
  const blobRequests = (): string[] =>
    rig.registry.requests.map(({ line }) => line).filter((l) => l.includes('/blobs/'));
  const [, begun] = /(sha256:.*)$/.exec(blobRequests()[0]!)!;
  await rig.catalog.until(() => [...rig.catalog.records.values()].some(({ blob }) => blob?.digest === begun));
  await rig.configure({ name: 'acme', completeImages: true });
  expect(blobRequests()).toHaveLength(1);
  // The next pull continues.
  await rig.edge.manifest('latest');
  await rig.held(...[image.config, ...image.layers].map(({ digest }) => digest));
});

test('every answered manifest request becomes one complete record at the control plane', async () => {
  await start({ organizations: [{ name: 'acme' }, { name: 'off', enabled: false }] });
  await rig.edge.manifest('latest', { requestId: 'r1' });
  await rig.edge.manifest('latest', { requestId: 'r2', head: true });
  await outcome(rig.edge.manifest('nope', { requestId: 'r3' }));
  await outcome(rig.edge.manifest('latest', { requestId: 'r4', organization: 'off' }));
  await outcome(rig.edge.manifest('latest', { requestId: 'r5', organization: 'nobody' }));
  await rig.edge.blob(image.layers[1]!.digest);
  const size = image.manifest.length;
  expect(await rig.pulls(5)).toMatchObject([
    {
      requestId: 'r1',
      method: 'GET',
      cacheStatus: 'MISS',
      upstreamStatus: 200,
      httpStatus: 200,
      bytes: size,
      digest: image.digest,
      actor: 'anonymous',
      clientAddress: '192.0.2.7',
      userAgent: 'test/1',
    },
    { requestId: 'r2', method: 'HEAD', cacheStatus: 'REVALIDATED', upstreamStatus: 200, httpStatus: 200, bytes: 0 },
    { requestId: 'r3', cacheStatus: 'ERROR', upstreamStatus: 404, httpStatus: 404, errorCode: 'MANIFEST_UNKNOWN' },
    { requestId: 'r4', cacheStatus: 'REFUSED', httpStatus: 403, errorCode: 'DENIED' },
    { requestId: 'r5', organizationUid: '', httpStatus: 401, errorCode: 'UNAUTHORIZED' },
  ]);
  const reports = [...rig.catalog.records.values()].flatMap(({ upstream }) => upstream ?? []);
  expect(reports[0]).toMatchObject({ organizationUid: 'uid-acme', reachable: true, lastError: '' });
  await rig.restart();
  await rig.catalog.until(() => countedBytes('bytesServed') === 300_000 && countedBytes('bytesFetched') === 300_000);
});

test('pulls continue without the control plane, even after a restart, and every record arrives once', async () => {
  await start();
  await pullAll();
  await rig.pulls(1);
  applyAdmissions(rig.catalog);
  await rig.catalog.stop();
  expect(await pullAll()).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
  rig.registry.content.addImage(NAME, 'second', second);
  expect((await pullAll(second, 'second'))[0]).toBe('MISS');
  await rig.restart();
  expect((await pullAll(second, 'second'))[0]).toBe('REVALIDATED');
  await rig.registry.close();
  expect(await pullAll()).toEqual(['STALE', 'HIT', 'HIT', 'HIT']);
  await rig.catalog.start();
  const events = await rig.pulls(5);
  expect(events.map(({ cacheStatus, reference }) => `${reference} ${cacheStatus}`)).toEqual([
    'latest MISS',
    'latest REVALIDATED',
    'second MISS',
    'second REVALIDATED',
    'latest STALE',
  ]);
  await rig.catalog.until(() => [...rig.catalog.admissions.values()].some(({ tag }) => tag === 'second'));
});

test('bytes that disappeared from the store are fetched again, and the client does not notice', async () => {
  await start();
  await pullAll();
  const { rm } = await import('node:fs/promises');
  await rm(`${rig.home}/blobs/sha256`, { recursive: true });
  await rig.restart();
  expect(await pullAll()).toEqual(expect.arrayContaining(['MISS']));
  expect(await pullAll()).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
});
