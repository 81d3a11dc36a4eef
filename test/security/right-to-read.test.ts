import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../common/oci/digest';
import { homeAt } from '../../common/runtime/home';
import { Table } from '../../schema/tables';
import {
  type BuiltImage,
  buildImage,
  createGate,
  type FakeRegistry,
  patternBytes,
  type Quirk,
} from '../support/fake-registry';
import { withTables } from '../support/control-plane/open-tables';
import { startFakeGcs } from '../support/fake-gcs';
import { writeServiceAccount } from '../support/real/service-account';
import { temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';
import { type Observed, readUntilCut, withoutDigest } from './support/observed';
import { type Ask, LURE, releaseAll, startRegistry, startWorld, whenReleased, type World } from './support/world';

const SECRET = 'secret/app';
const MIB = 1024 * 1024;

afterEach(releaseAll);

/**
 * The image of the victim: two layers above 64 KiB and below, a config, and the manifest itself.
 */
const image = buildImage({ layers: [300_000, 20_000], seed: 'of the victim' });
const [big, small] = image.layers as unknown as readonly [BuiltImage['config'], BuiltImage['config']];

/** Content that the victim holds, and content of the same size that nobody holds. */
interface Target {
  readonly what: string;
  readonly held: Digest;
  readonly bytes: Buffer;
  readonly absent: Digest;
}

const TARGETS: readonly Target[] = [
  ['a layer', big.bytes],
  ['a small layer', small.bytes],
  ['the config', image.config.bytes],
  ['the manifest', image.manifest],
].map(([what, bytes]) => ({
  what: what as string,
  held: digestOf(bytes as Buffer),
  bytes: bytes as Buffer,
  absent: digestOf(Buffer.from(`nobody holds ${what as string}`)),
}));

/**
 * Adds an image to a registry whose layers are the digests, whatever the registry holds of them.
 */
function addLure(registry: FakeRegistry, repository: string, tag: string, digests: readonly [Digest, number][]): void {
  const lure = buildImage({ seed: tag });
  const manifest = JSON.parse(lure.manifest.toString()) as { layers: unknown[] };
  const [{ mediaType }] = manifest.layers as [{ mediaType: string }];
  manifest.layers = digests.map(([digest, size]) => ({ mediaType, digest, size }));
  registry.content.addBlob(repository, lure.config.bytes);
  registry.content.addManifest(repository, tag, Buffer.from(JSON.stringify(manifest)), lure.mediaType);
}

/** Everything that a client may request of a blob. */
const EVERY_WAY: readonly Ask[] = [
  { method: 'HEAD' },
  {},
  { range: 'bytes=10-99' },
  { range: 'bytes=-70000' },
  { range: 'bytes=99999999-' },
  { ifNoneMatch: '*' },
  { method: 'HEAD' },
  {},
];

async function askEveryWay(
  world: World,
  organization: string,
  repository: string,
  digest: Digest,
  ways = EVERY_WAY,
): Promise<readonly Observed[]> {
  const answers: Observed[] = [];
  for (const way of ways) answers.push(await world.ask(organization, `${repository}/blobs/${digest}`, way));
  return answers;
}

/** Whether a body has one of some hundred parts of the content. */
function reveals(body: Buffer, content: Buffer): boolean {
  const step = Math.max(32, Math.floor(content.length / 300));
  for (let at = 0; at + 32 <= content.length; at += step) if (body.includes(content.subarray(at, at + 32))) return true;
  return false;
}

/** Expects the same answers for content of a victim as for content that nobody holds. */
async function expectNoDifference(
  world: World,
  organization: string,
  repository: string,
  target: Target,
  ways = EVERY_WAY,
): Promise<void> {
  const held = await askEveryWay(world, organization, repository, target.held, ways);
  const absent = await askEveryWay(world, organization, repository, target.absent, ways);
  expect(held.map((answer) => withoutDigest(answer, target.held))).toEqual(
    absent.map((answer) => withoutDigest(answer, target.absent)),
  );
  for (const { body } of held) expect(reveals(body, target.bytes)).toBe(false);
}

describe('an upstream of an attacker that names the digests of a private organization', () => {
  const ALICE = { username: 'alice', password: 'a' };

  async function startAttack(
    quirk: Quirk = {},
    completeImages = false,
  ): Promise<{ readonly world: World; readonly evil: FakeRegistry }> {
    const good = await startRegistry({
      auth: { kind: 'basic', users: { alice: { password: 'a', repositories: 'all' } } },
    });
    good.content.addImage(SECRET, 'v1', image);
    const evil = await startRegistry();
    for (const { held, absent, bytes, what } of TARGETS)
      for (const digest of [held, absent])
        evil.content.addBlob(LURE, { size: bytes.length, seed: `invented ${what}` }, digest);
    addLure(
      evil,
      LURE,
      'v1',
      TARGETS.flatMap(({ held, absent, bytes }): [Digest, number][] => [
        [held, bytes.length],
        [absent, bytes.length],
      ]),
    );
    const world = await startWorld();
    await world.join({ name: 'vault', upstream: good, account: ALICE, isPrivate: true });
    await world.join({ name: 'evil', upstream: evil, completeImages });
    await world.pull('vault', SECRET, 'v1', image);
    for (const { digest } of image.layers) await world.isHeld('vault', SECRET, digest);
    evil.quirk(quirk);
    return { world, evil };
  }

  test('gets no byte and no sign of them if it invents the bytes', async () => {
    const { world } = await startAttack();
    expect((await world.ask('evil', `${LURE}/manifests/v1`)).status).toBe(200);
    for (const target of TARGETS) await expectNoDifference(world, 'evil', LURE, target);
  });

  test.each<[string, Quirk]>([
    ['answers HEAD only', { method: 'GET', respond: { status: 404 } }],
    ['fails after HEAD', { method: 'GET', respond: { status: 500 } }],
    ['ignores ranges', { ignoreRange: true }],
    ['refuses ranges', { when: ({ headers }) => headers.range !== undefined, respond: { status: 403 } }],
    ['sends other ranges', { rangeShift: 1 }],
    ['hides the size', { chunked: true }],
    ['drops the connection', { method: 'GET', dropRequest: true }],
  ])('gets no byte and no sign of them if it %s', async (_what, quirk) => {
    const { world } = await startAttack({ path: '/blobs/', ...quirk });
    expect((await world.ask('evil', `${LURE}/manifests/v1`)).status).toBe(200);
    await expectNoDifference(world, 'evil', LURE, TARGETS[0]!);
  });

  test('gets no byte and no sign of them if it cuts every answer', async () => {
    const { world } = await startAttack({ path: '/blobs/', cutAfterBytes: 100 });
    // One way only: Layover tries to resume each read for some seconds.
    await expectNoDifference(world, 'evil', LURE, TARGETS[0]!, [{}]);
  });

  test('gets nothing without a manifest either, when it only confirms the digests', async () => {
    const { world } = await startAttack();
    for (const target of TARGETS) await expectNoDifference(world, 'evil', LURE, target);
  });

  test('gets nothing when Layover completes its image in the background', async () => {
    const { world, evil } = await startAttack({}, true);
    expect((await world.ask('evil', `${LURE}/manifests/v1`)).status).toBe(200);
    for (const { held } of TARGETS)
      await evil.waitFor((all) =>
        all.some(({ line, headers }) => line === `GET /v2/${LURE}/blobs/${held}` && headers.range === undefined),
      );
    for (const target of TARGETS) await expectNoDifference(world, 'evil', LURE, target);
  });

  test('does not read the manifest of the victim as a manifest', async () => {
    const { world } = await startAttack();
    const { held, absent } = TARGETS[3]!;
    const asks = (digest: Digest) => world.ask('evil', `${LURE}/manifests/${digest}`);
    expect(withoutDigest(await asks(held), held)).toEqual(withoutDigest(await asks(absent), absent));
    expect((await asks(held)).status).toBe(404);
  });

  test('leaves the victim its blobs: they stay hits, and their bytes stay right', async () => {
    const { world } = await startAttack();
    await world.ask('evil', `${LURE}/manifests/v1`);
    for (const target of TARGETS) await askEveryWay(world, 'evil', LURE, target.held);
    for (const { digest } of image.layers) {
      const { headers, body } = await world.ask('vault', `${SECRET}/blobs/${digest}`);
      expect([headers['x-layover-cache'], digestOf(body)]).toEqual(['HIT', digest]);
    }
  });

  test('does not join a running fill of the victim', async () => {
    const { world } = await startAttack();
    const running = patternBytes('running', 0, MIB);
    const digest = digestOf(running);
    const absent = digestOf(Buffer.from('nobody holds the running blob'));
    const slow = await startRegistry();
    slow.content.addBlob(SECRET, running);
    await world.join({ name: 'slow', upstream: slow, isPrivate: true });
    const evil = await startRegistry();
    for (const one of [digest, absent]) evil.content.addBlob(LURE, { size: MIB, seed: 'invented' }, one);
    await world.join({ name: 'evil2', upstream: evil });
    const gate = createGate();
    slow.quirk({ path: digest, method: 'GET', gate, gateAtBytes: MIB / 2 });
    const reading = world.ask('slow', `${SECRET}/blobs/${digest}`);
    await gate.reached;
    await expectNoDifference(world, 'evil2', LURE, { what: 'running', held: digest, bytes: running, absent });
    gate.open();
    expect(digestOf((await reading).body)).toBe(digest);
  });

  test('is not redirected to the bucket', async () => {
    const folder = await temporaryFolder('right-to-read');
    whenReleased(() => folder.remove());
    const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
    // Google's library reads this variable itself.
    process.env.GOOGLE_APPLICATION_CREDENTIALS = await writeServiceAccount(join(folder.path, 'account.json'));
    whenReleased(() => {
      if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
      else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
    });
    const bucket = await startFakeGcs('images');
    whenReleased(() => bucket.close());
    const world = await startWorld({
      LAYOVER_BLOB_STORE: 'gs://images/cache',
      STORAGE_EMULATOR_HOST: bucket.origin,
      LAYOVER_REDIRECT: 'on',
    });
    const layer = patternBytes('in the bucket', 0, 2 * MIB);
    const held = digestOf(layer);
    const absent = digestOf(Buffer.from('not in the bucket'));
    const good = await startRegistry();
    good.content.addBlob(SECRET, layer);
    const evil = await startRegistry();
    for (const digest of [held, absent]) evil.content.addBlob(LURE, { size: layer.length, seed: 'invented' }, digest);
    await world.join({ name: 'vault', upstream: good, isPrivate: true });
    await world.join({ name: 'evil', upstream: evil });
    expect((await world.ask('vault', `${SECRET}/blobs/${held}`)).status).toBe(200);
    await waitUntil('a redirect', async () => (await world.ask('vault', `${SECRET}/blobs/${held}`)).status === 307);
    await expectNoDifference(world, 'evil', LURE, { what: 'layer', held, bytes: layer, absent });
  });
});

describe('one registry that gives different organizations different content', () => {
  const ALICE = { username: 'alice', password: 'a' };
  const secret = patternBytes('for alice only', 0, 300_000);
  const held = digestOf(secret);
  const absent = digestOf(Buffer.from('nobody holds this'));
  const TARGET: Target = { what: 'secret', held, bytes: secret, absent };

  /**
   * Starts a registry whose public repository names the content of its secret one, and one more.
   */
  async function startShared(anonymous: readonly string[]): Promise<{ world: World; registry: FakeRegistry }> {
    const registry = await startRegistry({
      auth: { kind: 'basic', users: { alice: { password: 'a', repositories: 'all' } }, anonymous },
    });
    registry.content.addBlob(SECRET, secret);
    addLure(registry, LURE, 'v1', [
      [held, secret.length],
      [absent, secret.length],
    ]);
    return { world: await startWorld(), registry };
  }

  test('an organization without an account does not get what another one gets with its account', async () => {
    const { world, registry } = await startShared([LURE]);
    await world.join({ name: 'vault', upstream: registry, account: ALICE, isPrivate: true });
    await world.join({ name: 'open', upstream: registry });
    expect((await world.ask('open', `${LURE}/manifests/v1`)).status).toBe(200);
    expect(digestOf((await world.ask('vault', `${SECRET}/blobs/${held}`)).body)).toBe(held);
    await world.isHeld('vault', SECRET, held);
    await expectNoDifference(world, 'open', LURE, TARGET);
    await expectNoDifference(world, 'open', SECRET, TARGET);
  });

  test('an organization without an account does not join the running fill of one with an account', async () => {
    const { world, registry } = await startShared([LURE]);
    await world.join({ name: 'vault', upstream: registry, account: ALICE, isPrivate: true });
    await world.join({ name: 'open', upstream: registry });
    expect((await world.ask('open', `${LURE}/manifests/v1`)).status).toBe(200);
    const gate = createGate();
    registry.quirk({
      path: `${SECRET}/blobs/${held}`,
      when: ({ authorization }) => authorization !== 'none',
      gate,
      gateAtBytes: 200_000,
      times: 1,
    });
    const reading = await world.open('vault', `${SECRET}/blobs/${held}`);
    await gate.reached;
    await expectNoDifference(world, 'open', LURE, TARGET);
    gate.open();
    expect(digestOf((await readUntilCut(reading)).body)).toBe(held);
  });

  test('an organization does not get content of a repository that its patterns deny', async () => {
    const { world, registry } = await startShared([LURE, SECRET]);
    await world.join({ name: 'all', upstream: registry });
    await world.join({ name: 'some', upstream: registry, denyRepositories: ['secret/*'] });
    expect((await world.ask('some', `${LURE}/manifests/v1`)).status).toBe(200);
    const gate = createGate();
    registry.quirk({ path: `${SECRET}/blobs/${held}`, method: 'GET', gate, gateAtBytes: 200_000, times: 1 });
    const reading = await world.open('all', `${SECRET}/blobs/${held}`);
    await gate.reached;
    await expectNoDifference(world, 'some', LURE, TARGET);
    gate.open();
    expect(digestOf((await readUntilCut(reading)).body)).toBe(held);
    await world.isHeld('all', SECRET, held);
    await expectNoDifference(world, 'some', LURE, TARGET);
    // The repository that it may pull holds the blob too: its bytes are the proof.
    registry.content.addBlob(LURE, secret);
    expect(digestOf((await world.ask('some', `${LURE}/blobs/${held}`)).body)).toBe(held);
  });
});

describe('an honest organization with other credentials', () => {
  const layer = patternBytes('for both', 0, MIB);
  const digest = digestOf(layer);
  const ALICE = { username: 'alice', password: 'a' };
  const BOB = { username: 'bob', password: 'b' };
  const path = `${SECRET}/blobs/${digest}`;

  async function startBoth(): Promise<{ world: World; registry: FakeRegistry }> {
    const users = {
      alice: { password: 'a', repositories: 'all' as const },
      bob: { password: 'b', repositories: 'all' as const },
    };
    const registry = await startRegistry({ auth: { kind: 'basic', users } });
    registry.content.addBlob(SECRET, layer);
    const world = await startWorld();
    await world.join({ name: 'first', upstream: registry, account: ALICE });
    await world.join({ name: 'second', upstream: registry, account: BOB });
    expect(digestOf((await world.ask('first', path)).body)).toBe(digest);
    await world.isHeld('first', SECRET, digest);
    registry.takeRequests();
    return { world, registry };
  }

  const reads = (registry: FakeRegistry): readonly string[] =>
    registry.requests.filter(({ method }) => method === 'GET').map(({ username }) => username ?? 'nobody');

  test('gets a stored blob for a few ranges, as a miss, and then from the store alone', async () => {
    const { world, registry } = await startBoth();
    const { status, headers, body } = await world.ask('second', path);
    expect([status, headers['x-layover-cache'], digestOf(body)]).toEqual([200, 'MISS', digest]);
    expect(reads(registry)).toEqual(Array.from({ length: 6 }, () => 'bob'));
    expect(registry.bytesSent(digest)).toBe(6 * 16 * 1024);
    registry.takeRequests();
    expect((await world.ask('second', path)).headers['x-layover-cache']).toBe('HIT');
    expect(registry.takeRequests()).toEqual([]);
  });

  test('keeps its proof over a restart of the data plane, also if the data plane has lost its index', async () => {
    const { world, registry } = await startBoth();
    expect((await world.ask('second', path)).status).toBe(200);
    for (const forget of [false, true]) {
      await world.layover.stopPlane('data');
      if (forget) await rm(homeAt(world.layover.home).index, { recursive: true });
      await world.layover.startPlane('data');
      registry.takeRequests();
      expect((await world.ask('second', path)).headers['x-layover-cache']).toBe('HIT');
      expect(reads(registry)).toEqual([]);
    }
  });

  test('loses its proof together with its account', async () => {
    const { world, registry } = await startBoth();
    expect((await world.ask('second', path)).status).toBe(200);
    // A report that arrives when the account is back counts for it.
    await waitUntil('the report of the proof', () =>
      withTables({ home: world.layover.home, databaseUrl: '' }, async (tables) => {
        const second = tables(Table.organizations).where('name', 'second').select('uid');
        const identities = tables(Table.proxyConfigs).whereIn('organization_uid', second).select('shared_identity');
        return (await tables(Table.blobProofs).where({ digest }).whereIn('identity', identities).first()) !== undefined;
      }),
    );
    await world.join({ name: 'second', upstream: registry });
    await waitUntil('the account to be gone', async () => (await world.ask('second', path)).status === 403);
    // Proofs are deleted after the change; an account that is back before that has them still.
    const { home } = world.layover;
    await waitUntil('the proofs of the account to be deleted', () =>
      withTables({ home, databaseUrl: '' }, async (tables) => {
        return (await tables(Table.endedIdentities).first('identity')) === undefined;
      }),
    );
    await world.join({ name: 'second', upstream: registry, account: BOB });
    registry.takeRequests();
    const again = await waitUntil('the account to be back', async () => {
      const answer = await world.ask('second', path);
      return answer.status === 200 && answer;
    });
    expect(again.headers['x-layover-cache']).toBe('MISS');
    expect(reads(registry).filter((name) => name === 'bob')).toHaveLength(6);
  });
});

test('an image whose reports were lost counts as cached again after a restart of the data plane', async () => {
  const world = await startWorld();
  const registry = await startRegistry();
  registry.content.addImage(SECRET, 'latest', image);
  await world.join({ name: 'victim', upstream: registry, completeImages: true });
  const completeness = async (): Promise<string | undefined> => {
    const { manifest } = await world.layover.graphql.run<{ manifest: { completeness: string } | null }>(
      'query ($d: Digest!) { manifest(organization: "victim", repository: "secret/app", digest: $d) { completeness } }',
      { d: image.digest },
    );
    return manifest?.completeness;
  };
  await world.layover.stopPlane('control');
  await world.pull('victim', SECRET, 'latest', image);
  await world.layover.stopPlane('data');
  await rm(homeAt(world.layover.home).journal, { recursive: true });
  await world.layover.startPlane('control');
  await world.layover.startPlane('data');
  registry.takeRequests();
  expect((await world.ask('victim', `${SECRET}/manifests/latest`)).status).toBe(200);
  await waitUntil('the image to be complete', async () => (await completeness()) === 'COMPLETE');
  expect(registry.takeRequests().filter(({ path }) => path.includes('/blobs/'))).toEqual([]);
});
