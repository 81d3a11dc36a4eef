import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_GCS_LIMITS } from '../../../../../data-plane/src/store/gcs/limits';
import { hexOf, mustDigest } from '../../../../../common/oci/digest';
import type { Clock } from '../../../../../common/runtime/clock';
import { QUICK } from '../../../../support/data-plane/gcs-store';
import { type FakeGcs, startFakeGcs } from '../../../../support/fake-gcs';
import { buildImage, createGate, patternBytes } from '../../../../support/fake-registry';
import { FAKE_GCS_PROGRAM, startFakeGcsServer } from '../../../../support/real/fake-gcs-server';
import { describeWith } from '../../../../support/real/programs';
import { waitUntil } from '../../../../support/real/wait-until';
import { TestClock } from '../../../../support/test-clock';
import { applyAdmissions, type Rig, startRig } from '../../support/data-plane-rig';
import { outcome, type ReadResult } from '../../support/registry-caller';

const NAME = 'team/app';
const MIB = 1024 * 1024;
const image = buildImage({ layers: [70_000, 1_500_000], seed: 'gcs' });
const parts = [image.config, ...image.layers];
const BIG = { size: 4 * MIB, seed: 'big' };
const big = patternBytes(BIG.seed, 0, BIG.size);

interface Place {
  readonly origin: string;
  readonly bucket: string;
}

function startWith(place: Place, localCacheBytes = 100 * MIB, limits = {}, clock?: Clock): Promise<Rig> {
  return startRig({
    config: (config) => ({
      ...config,
      bucket: { bucket: place.bucket, prefix: 'cache/', emulator: place.origin },
      localCacheBytes,
    }),
    overrides: { bucketLimits: { ...QUICK, ...limits }, clock },
  });
}

/** Pulls everything that a client pulls of the image. Returns the cache status of each part. */
async function pull(rig: Rig): Promise<string[]> {
  const { cacheStatus } = await rig.edge.manifest('latest');
  const blobs = await Promise.all(parts.map(({ digest }) => rig.edge.blob(digest)));
  blobs.forEach(({ bytes, failure }, index) => {
    expect(failure).toBeUndefined();
    expect(bytes.equals(parts[index]!.bytes)).toBe(true);
  });
  return [cacheStatus, ...blobs.map(({ header }) => header!.cacheStatus)];
}

/** Returns the delivery that an edge on the same host gets. The edge leaves at once. */
async function delivery(rig: Rig, digest: string): Promise<string | undefined> {
  return (await rig.edge.blob(digest, { accepts: ['LOCAL_FILE', 'INLINE'] }, () => false)).header?.delivery;
}

/** Starts another data plane in the same home, with a control plane that kept the admissions. */
async function restart(rig: Rig): Promise<void> {
  applyAdmissions(rig.catalog);
  await rig.restart();
}

async function coldWarmRestarted(rig: Rig, isKept: () => Promise<boolean>): Promise<void> {
  rig.registry.content.addImage(NAME, 'latest', image);
  expect(await pull(rig)).toEqual(['MISS', 'MISS', 'MISS', 'MISS']);
  await waitUntil('the image in the bucket', isKept);
  await waitUntil('the end of the fills', () => rig.spooled().length === 0);
  rig.asked();
  expect(await pull(rig)).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
  expect(await delivery(rig, image.layers[1]!.digest)).toBe('LOCAL_FILE');
  await restart(rig);
  expect(await pull(rig)).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
  expect(await delivery(rig, image.layers[1]!.digest)).toBe('LOCAL_FILE');
  // Another node, as far as its disk goes: everything comes from the bucket.
  await rm(join(rig.home, 'copies'), { recursive: true });
  await restart(rig);
  expect(await pull(rig)).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
  expect(rig.asked().filter((line) => !line.startsWith('HEAD'))).toEqual([]);
}

describe('a data plane with blobs in a bucket', () => {
  let fake: FakeGcs;
  let rig: Rig;
  const start = async (localCacheBytes?: number, limits?: object, clock?: Clock): Promise<void> => {
    fake = await startFakeGcs();
    rig = await startWith(fake, localCacheBytes, limits, clock);
  };
  afterEach(async () => {
    await rig.close();
    const left = [...fake.contents.sessions.keys()];
    const closed = await fake.until(() => fake.openConnections === 0).catch((error: unknown) => error);
    await fake.close();
    expect([left, closed]).toEqual([[], undefined]);
  });

  const kept = (digest: string): boolean => fake.contents.objects.has(`cache/sha256/${hexOf(mustDigest(digest))}`);
  const addBig = (): string => rig.registry.content.addBlob(NAME, BIG);
  const isWhole = ({ bytes, failure }: ReadResult): boolean => failure === undefined && bytes.equals(big);

  test('serves an image cold, warm, after a restart, and on a node with an empty disk', async () => {
    await start();
    await coldWarmRestarted(rig, async () => [image, ...parts].every(({ digest }) => kept(digest)));
  });

  test('sends blobs over the byte channel, from the fill, from a local copy and from the bucket', async () => {
    await start();
    const digest = addBig();
    const read = async (): Promise<ReadResult> => {
      const result = await rig.edge.blob(digest, { accepts: ['CHANNEL', 'INLINE'] });
      expect([result.header!.delivery, isWhole(result)]).toEqual(['CHANNEL', true]);
      return result;
    };
    expect((await read()).header!.cacheStatus).toBe('MISS');
    await fake.until(() => kept(digest));
    await waitUntil('the end of the fill', () => rig.spooled().length === 0);
    expect((await read()).header!.cacheStatus).toBe('HIT');
    await rm(join(rig.home, 'copies'), { recursive: true });
    await restart(rig);
    const before = fake.requests.filter(({ kind }) => kind === 'download').length;
    await read();
    expect(fake.requests.filter(({ kind }) => kind === 'download').length).toBeGreaterThan(before);
  });

  test('does not slow clients down if the bucket accepts nothing for a while: the upload catches up from the spool', async () => {
    await start();
    const digest = addBig();
    let take = (): void => undefined;
    const fault = fake.fault({ kind: 'part', until: new Promise<void>((resolve) => (take = resolve)) });
    expect(isWhole(await rig.edge.blob(digest))).toBe(true);
    expect(fault.used).toBe(1);
    expect(kept(digest)).toBe(false);
    take();
    await fake.until(() => kept(digest));
    expect(rig.registry.bytesSent(digest)).toBe(BIG.size);
  });

  test('serves all clients at once if the bucket answers 503 for twenty seconds, and stores the blob when the bucket recovers', async () => {
    // The default value.
    const { uploadPatienceMs, uploadMs, retryMaxMs } = DEFAULT_GCS_LIMITS;
    const clock = TestClock.running();
    await start(undefined, { uploadPatienceMs, uploadMs, retryMaxMs }, clock);
    const digest = addBig();
    const gate = createGate();
    rig.registry.quirk({ path: digest, method: 'GET', gate, gateAtBytes: BIG.size / 2 });
    const clients = Array.from({ length: 8 }, () => rig.edge.blob(digest));
    await fake.until(() => fake.requests.some(({ kind, status }) => kind === 'part' && status === 308));
    const fault = fake.fault({ status: 503 });
    const failsSince = clock.now();
    gate.open();
    // No client waits for the bucket, which answers 503 until the test changes that.
    expect((await Promise.all(clients)).every(isWhole)).toBe(true);
    await waitUntil('twenty seconds and several tries', () => {
      clock.advance(1000);
      return clock.now() >= failsSince + 20_000 && fault.used > 5;
    });
    expect(kept(digest)).toBe(false);
    fault.remove();
    await waitUntil('the stored blob', () => {
      clock.advance(1000);
      return kept(digest);
    });
    expect(fake.contents.objects.get(`cache/sha256/${hexOf(mustDigest(digest))}`)!.content.equals(big)).toBe(true);
    expect(rig.registry.bytesSent(digest)).toBe(BIG.size);
    await waitUntil('an empty spool', () => rig.spooled().length === 0);
  }, 90_000);

  test('serves all clients if the bucket goes down during an upload, stores nothing partial, serves later pulls from the upstream, and recovers', async () => {
    await start(undefined, { uploadPatienceMs: 500, operationMs: 500, clientMs: 500 });
    const digest = addBig();
    const gate = createGate();
    rig.registry.quirk({ path: digest, method: 'GET', gate, gateAtBytes: BIG.size / 2, times: 1 });
    const clients = Array.from({ length: 8 }, () => rig.edge.blob(digest));
    await fake.until(() => fake.requests.some(({ kind, status }) => kind === 'part' && status === 308));
    await fake.goAway();
    gate.open();
    expect((await Promise.all(clients)).every(isWhole)).toBe(true);
    await waitUntil('the end of the upload', () => rig.spooled().length === 0);
    expect(isWhole(await rig.edge.blob(digest))).toBe(true);
    await waitUntil('the end of the second upload', () => rig.spooled().length === 0);
    await fake.comeBack();
    expect(fake.contents.objects.size).toBe(0);
    // The bucket forgets the session by itself after a week; nobody could cancel it.
    fake.contents.sessions.clear();
    expect(isWhole(await rig.edge.blob(digest))).toBe(true);
    await fake.until(() => kept(digest));
  });

  test('serves local copies while the bucket is down, also after a restart', async () => {
    await start(undefined, { operationMs: 500, clientMs: 500 });
    rig.registry.content.addImage(NAME, 'latest', image);
    await pull(rig);
    await waitUntil(
      'the image to be kept',
      () => rig.spooled().length === 0 && parts.every(({ digest }) => kept(digest)),
    );
    await fake.goAway();
    expect(await pull(rig)).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
    await restart(rig);
    expect(await pull(rig)).toEqual(['REVALIDATED', 'HIT', 'HIT', 'HIT']);
    await fake.comeBack();
  });

  test('continues after a connection that was cut during a read, without the client noticing', async () => {
    await start(0);
    const digest = addBig();
    await rig.edge.blob(digest);
    await fake.until(() => kept(digest));
    await waitUntil('the end of the fill', () => rig.spooled().length === 0);
    fake.fault({ kind: 'download', cutAfterBytes: MIB, times: 2 });
    const read = await rig.edge.blob(digest);
    expect([isWhole(read), read.header!.cacheStatus, read.header!.delivery]).toEqual([true, 'HIT', 'INLINE']);
    expect(fake.requests.filter(({ kind }) => kind === 'download')).toHaveLength(3);
  });

  test('leaves no connection to the bucket busy after a client left during a read', async () => {
    await start(0, { idleMs: 60_000 });
    const digest = addBig();
    await rig.edge.blob(digest);
    await fake.until(() => kept(digest));
    await waitUntil('the end of the fill', () => rig.spooled().length === 0);
    fake.fault({ kind: 'download', stallAfterBytes: MIB });
    await rig.edge.blob(digest, {}, (received) => received < MIB / 2);
    await fake.until(() => fake.requests.some(({ kind, aborted }) => kind === 'download' && aborted));
  });

  describe('wrong bytes', () => {
    const WITHHELD = 64 * 1024;
    const objectName = (digest: string): string => `cache/sha256/${hexOf(mustDigest(digest))}`;
    const downloads = (): number => fake.requests.filter(({ kind }) => kind === 'download').length;
    /** Stores the big blob in the bucket, without a local copy. */
    const keepBig = async (): Promise<string> => {
      const digest = addBig();
      await rig.edge.blob(digest);
      await fake.until(() => kept(digest));
      await waitUntil('the end of the fill', () => rig.spooled().length === 0);
      rig.asked();
      return digest;
    };
    const expectCut = async (digest: string, accepts: ('CHANNEL' | 'INLINE')[]): Promise<void> => {
      const cut = await rig.edge.blob(digest, { accepts });
      expect(cut.failure).toBe('STORE_FAILED');
      expect(cut.bytes.length).toBeLessThanOrEqual(BIG.size - WITHHELD);
    };

    test.each<{ accepts: ('CHANNEL' | 'INLINE')[] }>([{ accepts: ['INLINE'] }, { accepts: ['CHANNEL', 'INLINE'] }])(
      'in the bucket never become a whole answer, and are quarantined and fetched again ($accepts)',
      async ({ accepts }) => {
        await start(0);
        const digest = await keepBig();
        const wrong = Buffer.from(big);
        wrong[MIB]! ^= 1;
        fake.contents.write(objectName(digest), wrong);
        await expectCut(digest, accepts);
        const healed = await rig.edge.blob(digest, { accepts });
        expect([isWhole(healed), healed.header!.cacheStatus]).toEqual([true, 'MISS']);
        await fake.until(() => fake.contents.objects.get(objectName(digest))?.content.equals(big) === true);
        const aside = [...fake.contents.objects.keys()].filter((name) => name.startsWith('cache/quarantine/'));
        expect(aside).toHaveLength(1);
        expect(fake.contents.objects.get(aside[0]!)!.content.equals(wrong)).toBe(true);
        expect(rig.asked().filter((line) => line.startsWith('GET'))).toHaveLength(1);
      },
    );

    test('that only the way from the bucket made never become a whole answer, and the object stays', async () => {
      await start(0);
      const digest = await keepBig();
      fake.fault({ kind: 'download', flipAt: 3, times: 1 });
      await expectCut(digest, ['INLINE']);
      const again = await rig.edge.blob(digest);
      expect([isWhole(again), again.header!.cacheStatus]).toEqual([true, 'HIT']);
      expect(fake.contents.objects.size).toBe(1);
      expect(rig.asked()).toEqual([]);
    });

    test('never become a local copy', async () => {
      await start();
      const digest = await keepBig();
      await rm(join(rig.home, 'copies'), { recursive: true });
      await restart(rig);
      // The first read is right; the copy that the second one starts, and reads from, is not.
      const fault = fake.fault({ kind: 'download', flipAt: MIB, skip: 1, times: 1 });
      const before = downloads();
      expect(isWhole(await rig.edge.blob(digest))).toBe(true);
      expect(isWhole(await rig.edge.blob(digest))).toBe(false);
      await fake.until(() => fault.used === 1);
      // The object is read again because of it, and stays.
      await fake.until(() => downloads() === before + 3);
      expect(await delivery(rig, digest)).not.toBe('LOCAL_FILE');
      expect(isWhole(await rig.edge.blob(digest))).toBe(true);
      expect(kept(digest)).toBe(true);
    });
  });

  describe('while the bucket is away', () => {
    const away = { uploadPatienceMs: 60_000, clientMs: 300 };

    test('serves an image that is not cached, with one request for each part, also if the client repeats its own', async () => {
      await start(undefined, away);
      rig.registry.content.addImage(NAME, 'latest', image);
      await fake.goAway();
      expect(await pull(rig)).toEqual(['BYPASS', 'MISS', 'MISS', 'MISS']);
      const again = await Promise.all(parts.map(({ digest }) => rig.edge.blob(digest)));
      again.forEach(({ bytes }, index) => expect(bytes.equals(parts[index]!.bytes)).toBe(true));
      const asked = rig.asked().filter((line) => line.startsWith('GET') && line.includes('/blobs/'));
      expect(asked).toHaveLength(parts.length);
      // The blobs are stored as soon as the bucket is back.
      await fake.comeBack();
      await fake.until(() => parts.every(({ digest }) => kept(digest)));
    });

    test('serves an image that only the bucket holds from the upstream, and from the bucket when it is back', async () => {
      await start(0, away);
      rig.registry.content.addImage(NAME, 'latest', image);
      await pull(rig);
      await waitUntil(
        'the image to be kept',
        () => rig.spooled().length === 0 && parts.every(({ digest }) => kept(digest)),
      );
      await restart(rig);
      rig.asked();
      await fake.goAway();
      await pull(rig);
      expect(rig.asked().some((line) => line.startsWith('GET'))).toBe(true);
      await fake.comeBack();
      await waitUntil('the end of the fills', () => rig.spooled().length === 0);
      rig.asked();
      await waitUntil('the bucket to be asked again', async () => {
        const [, ...blobs] = await pull(rig);
        return blobs.every((cacheStatus) => cacheStatus === 'HIT');
      });
    });

    test('answers HEAD requests', async () => {
      await start(undefined, away);
      rig.registry.content.addImage(NAME, 'latest', image);
      await fake.goAway();
      expect((await rig.edge.manifest('latest')).cacheStatus).toBe('BYPASS');
      const { digest, bytes } = image.config;
      expect(await rig.edge.stat(digest)).toMatchObject({ size: bytes.length, cacheStatus: 'MISS' });
      await fake.comeBack();
    });
  });

  test('aborts an upload that the bucket does not accept at its stop, and ends the session', async () => {
    await start(undefined, { uploadPatienceMs: 60_000 });
    const digest = addBig();
    fake.fault({ kind: ['part', 'ask'], status: 503 });
    expect(isWhole(await rig.edge.blob(digest))).toBe(true);
    await rig.restart();
    expect(fake.contents.sessions.size).toBe(0);
    expect(rig.spooled()).toEqual([]);
    fake.clearFaults();
    expect(await outcome(rig.edge.blob(digest).then(({ header }) => header!))).toBe('MISS');
    await fake.until(() => kept(digest));
  }, 40_000);
});

describeWith([FAKE_GCS_PROGRAM], 'a data plane with blobs in fake-gcs-server', () => {
  test('serves an image cold, warm, after a restart, and on a node with an empty disk', async () => {
    const server = await startFakeGcsServer();
    await server.makeBucket('images');
    const rig = await startWith({ origin: server.origin, bucket: 'images' });
    try {
      const url = `${server.origin}/storage/v1/b/images/o?prefix=cache/`;
      const names = async (): Promise<string> => (await fetch(url)).text();
      await coldWarmRestarted(rig, async () => {
        const text = await names();
        return [image, ...parts].every(({ digest }) => text.includes(hexOf(mustDigest(digest))));
      });
    } finally {
      await rig.close();
      await server.stop();
    }
  });
});
