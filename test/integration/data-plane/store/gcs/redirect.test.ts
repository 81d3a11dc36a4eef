import { join } from 'node:path';
import { pino } from 'pino';
import { hexOf, mustDigest } from '../../../../../common/oci/digest';
import type { SignUrl } from '../../../../../data-plane/src/store/gcs/sign-url';
import { QUICK } from '../../../../support/data-plane/gcs-store';
import { type FakeGcs, startFakeGcs } from '../../../../support/fake-gcs';
import { createGate, patternBytes } from '../../../../support/fake-registry';
import { FAKE_GCS_PROGRAM, startFakeGcsServer } from '../../../../support/real/fake-gcs-server';
import { send } from '../../../../support/real/http-client';
import { describeWith } from '../../../../support/real/programs';
import { writeServiceAccount } from '../../../../support/real/service-account';
import { type TemporaryFolder, temporaryFolder } from '../../../../support/real/temporary-folder';
import { waitUntil } from '../../../../support/real/wait-until';
import { type Rig, startRig } from '../../support/data-plane-rig';
import type { ReadResult } from '../../support/registry-caller';

const NAME = 'team/app';
const MIB = 1024 * 1024;
const BIG = { size: 4 * MIB, seed: 'redirect' };
const SMALL = { size: MIB - 1, seed: 'too small' };
const big = patternBytes(BIG.seed, 0, BIG.size);
const ANY = { accepts: ['LOCAL_FILE', 'INLINE', 'REDIRECT'] as const };

let folder: TemporaryFolder;
const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
beforeAll(async () => {
  folder = await temporaryFolder('redirect');
  // Google's library reads this variable itself.
  process.env.GOOGLE_APPLICATION_CREDENTIALS = await writeServiceAccount(join(folder.path, 'account.json'));
});
afterAll(async () => {
  if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
  await folder.remove();
});

const lines: string[] = [];

function startWith(origin: string, bucket: string, signUrl?: SignUrl): Promise<Rig> {
  lines.length = 0;
  return startRig({
    organizations: [{ name: 'acme' }, { name: 'vault', visibility: 'PRIVATE', robots: { ci: 'secret' } }],
    config: (config) => ({
      ...config,
      bucket: { bucket, prefix: 'cache/', emulator: origin },
      localCacheBytes: 100 * MIB,
      redirectMs: 600_000,
    }),
    overrides: {
      bucketLimits: QUICK,
      signUrl,
      logger: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    },
  });
}

/** Reads a blob like an edge that accepts every delivery. */
function read(rig: Rig, digest: string, more: object = {}): Promise<ReadResult> {
  return rig.edge.blob(digest, { accepts: [...ANY.accepts], ...more });
}

/** Fills a blob and waits until the bucket holds it. */
async function fill(
  rig: Rig,
  blob: { size: number; seed: string },
  isKept: (digest: string) => boolean | Promise<boolean>,
) {
  const digest = rig.registry.content.addBlob(NAME, blob);
  const cold = await read(rig, digest);
  expect([cold.header?.delivery, cold.header?.cacheStatus, cold.failure]).not.toContain('REDIRECT');
  await rig.edge.blob(digest);
  await waitUntil('the blob in the bucket', () => isKept(digest));
  await waitUntil('the end of the fill', () => rig.spooled().length === 0);
  return digest;
}

describe('redirects to the bucket', () => {
  let fake: FakeGcs;
  let rig: Rig;
  const kept = (digest: string): boolean => fake.contents.objects.has(`cache/sha256/${hexOf(mustDigest(digest))}`);
  beforeEach(async () => {
    fake = await startFakeGcs();
  });
  afterEach(async () => {
    await rig.close();
    await fake.close();
  });

  test('a client of a large stored blob, also if a local file is possible; the URL serves the whole blob and ranges', async () => {
    rig = await startWith(fake.origin, fake.bucket);
    const digest = await fill(rig, BIG, kept);
    const { header, bytes, failure } = await read(rig, digest);
    expect([failure, header?.delivery, header?.cacheStatus, header?.size, bytes.length]).toEqual([
      undefined,
      'REDIRECT',
      'HIT',
      BIG.size,
      0,
    ]);
    const url = new URL(header!.url);
    expect(url.origin).toBe(fake.origin);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
      'X-Goog-Expires': '600',
      'response-content-type': 'application/octet-stream',
      generation: fake.contents.objects.get(`cache/sha256/${hexOf(mustDigest(digest))}`)!.generation,
    });
    expect((await send({ url: header!.url })).body.equals(big)).toBe(true);
    const part = await read(rig, digest, { bytes: { firstByte: MIB, lastByte: -1 } });
    expect([part.header?.offset, part.header?.length]).toEqual([MIB, 3 * MIB]);
    const rest = await send({ url: part.header!.url, headers: { Range: `bytes=${MIB}-` } });
    expect([rest.status, rest.body.equals(big.subarray(MIB))]).toEqual([206, true]);
    expect(part.header!.url).toBe(header!.url);
  });

  test('without the URL in any log line, record or report', async () => {
    rig = await startWith(fake.origin, fake.bucket);
    const digest = await fill(rig, BIG, kept);
    expect((await read(rig, digest)).header?.delivery).toBe('REDIRECT');
    await rig.restart();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('')).not.toMatch(/X-Goog-|cache\/sha256\//);
    const said = JSON.stringify(rig.catalog.calls);
    expect(said).toContain('bytesServed');
    expect(said).not.toContain('X-Goog-');
  });

  test('but not for a small blob, a caller without support, or a running fill', async () => {
    rig = await startWith(fake.origin, fake.bucket);
    const small = await fill(rig, SMALL, kept);
    expect((await read(rig, small)).header?.delivery).toBe('LOCAL_FILE');
    const digest = await fill(rig, BIG, kept);
    expect((await rig.edge.blob(digest)).header?.delivery).toBe('INLINE');
    const other = rig.registry.content.addBlob(NAME, { size: BIG.size, seed: 'running' });
    const gate = createGate();
    rig.registry.quirk({ path: other, method: 'GET', gate, gateAtBytes: MIB });
    const running = rig.edge.blob(other);
    await waitUntil('the fill', () => rig.spooled().length > 0);
    const follower = await rig.edge.blob(other, { accepts: ['INLINE', 'REDIRECT'] }, () => {
      gate.open();
    });
    expect([follower.header?.delivery, follower.bytes.length]).toEqual(['INLINE', BIG.size]);
    await running;
  });

  test('never without the right to the blob: nothing is looked up, signed or revealed', async () => {
    rig = await startWith(fake.origin, fake.bucket);
    const digest = await fill(rig, BIG, kept);
    const looks = fake.requests.length;
    const ask = { accepts: ['INLINE', 'REDIRECT'], organization: 'vault' };
    for (const authorization of ['', `Basic ${Buffer.from('vault+ci:wrong').toString('base64')}`, 'Bearer nonsense']) {
      const refused = await read(rig, digest, { ...ask, authorization });
      expect([refused.failure, refused.header]).toEqual(['UNAUTHORIZED', undefined]);
    }
    expect(fake.requests.length).toBe(looks);
    // With credentials, only if the upstream gives this organization the right to the blob.
    const authorization = `Basic ${Buffer.from('vault+ci:secret').toString('base64')}`;
    expect((await read(rig, digest, { ...ask, authorization })).header?.delivery).toBe('REDIRECT');
  });

  test('but sends the bytes if signing fails or the bucket does not answer', async () => {
    rig = await startWith(fake.origin, fake.bucket, () => Promise.reject(new Error('no permission')));
    const digest = await fill(rig, BIG, kept);
    for (let times = 0; times < 3; times += 1) {
      const given = await rig.edge.blob(digest, { accepts: ['INLINE', 'REDIRECT'] });
      expect([given.failure, given.header?.delivery, given.bytes.equals(big)]).toEqual([undefined, 'INLINE', true]);
    }
    expect(lines.filter((line) => line.includes('Clients cannot be redirected to the bucket'))).toHaveLength(1);
    await fake.goAway();
    expect((await rig.edge.blob(digest, { accepts: ['INLINE', 'REDIRECT'] })).bytes.equals(big)).toBe(true);
    await fake.comeBack();
  });

  test('and counts the bytes that the link gives access to as served to the organization', async () => {
    rig = await startWith(fake.origin, fake.bucket);
    const digest = await fill(rig, BIG, kept);
    const served = (): number =>
      [...rig.catalog.records.values()].reduce((sum, { blob }) => sum + Number(blob?.bytesServed ?? 0), 0);
    await rig.restart();
    const counted = served();
    await read(rig, digest);
    await read(rig, digest, { bytes: { firstByte: 0, lastByte: 2 * MIB - 1 } });
    await rig.restart();
    expect(served() - counted).toBe(BIG.size + 2 * MIB);
  });
});

describeWith([FAKE_GCS_PROGRAM], 'redirects to fake-gcs-server', () => {
  test('and the URL serves the whole blob and ranges', async () => {
    const server = await startFakeGcsServer();
    await server.makeBucket('images');
    const rig = await startWith(server.origin, 'images');
    try {
      const list = `${server.origin}/storage/v1/b/images/o?prefix=cache/`;
      const digest = await fill(rig, BIG, async (one) =>
        (await send({ url: list })).body.toString().includes(hexOf(mustDigest(one))),
      );
      const { header } = await read(rig, digest);
      expect(header?.delivery).toBe('REDIRECT');
      const whole = await send({ url: header!.url });
      expect([whole.status, whole.body.equals(big)]).toEqual([200, true]);
      const part = await send({ url: header!.url, headers: { Range: `bytes=${MIB}-${2 * MIB - 1}` } });
      expect([part.status, part.body.equals(big.subarray(MIB, 2 * MIB))]).toEqual([206, true]);
    } finally {
      await rig.close();
      await server.stop();
    }
  });
});
