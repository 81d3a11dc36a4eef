import { buildImage } from '../../support/fake-registry';
import { scanToken } from '../../support/scan-token';
import { type Rig, startRig } from './support/data-plane-rig';

const NAME = 'team/app';
const KEY = { id: 'key-1', secret: Buffer.alloc(32, 7) };
const image = buildImage({ layers: [70_000, 90_000], seed: 'scan-token' });
const layer = image.layers[0]!.digest;
const other = image.layers[1]!.digest;

let rig: Rig;
let authorization: string;
beforeAll(async () => {
  rig = await startRig({ organizations: [{ name: 'vault', visibility: 'PRIVATE', robots: { ci: 'secret' } }] });
  rig.registry.content.addImage(NAME, 'latest', image);
  authorization = await scanToken({ key: KEY, name: `vault/${NAME}`, blob: layer, now: Date.now() });
});
afterAll(() => rig.close());

const key = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: { key: string }) => error.key,
  );

test('a scanner reads the layer of its token, and does not count as a client of the organization', async () => {
  const ask = { organization: 'vault', authorization };
  const read = await rig.edge.blob(layer, ask);
  expect([read.failure, read.bytes.length]).toEqual([undefined, 70_000]);
  expect((await rig.edge.stat(layer, ask)).size).toBe(70_000);
  const robot = `Basic ${Buffer.from('vault+ci:secret').toString('base64')}`;
  expect((await rig.edge.blob(other, { organization: 'vault', authorization: robot })).bytes).toHaveLength(90_000);
  await rig.restart();
  const served = [...rig.catalog.records.values()].map(({ blob }) => Number(blob?.bytesServed ?? 0));
  expect(served.reduce((sum, bytes) => sum + bytes, 0)).toBe(90_000);
});

test('a scanner reads nothing else', async () => {
  const ask = { organization: 'vault', authorization };
  expect((await rig.edge.blob(other, ask)).failure).toBe('UNAUTHORIZED');
  expect((await rig.edge.blob(layer, { ...ask, repository: 'team/other' })).failure).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.stat(other, ask))).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.manifest('latest', ask))).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.manifest(image.digest, { ...ask, head: true }))).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.tags(0, '', ask))).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.referrers(image.digest, '', ask))).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.access(authorization))).toBe('UNAUTHORIZED');
  expect(await key(rig.edge.token(authorization, `repository:vault/${NAME}:pull`))).toBe('UNAUTHORIZED');
});

test('a scanner gets no more than its organization has a proof for', async () => {
  const secret = Buffer.alloc(200_000, 'secret');
  const users = { alice: { password: 'a', repositories: 'all' as const } };
  const shared = await startRig({
    registry: { auth: { kind: 'basic', users, anonymous: [] } },
    organizations: [{ name: 'vault', username: 'alice', password: 'a' }, { name: 'open' }],
  });
  try {
    const digest = shared.registry.content.addBlob(NAME, secret);
    expect((await shared.edge.blob(digest, { organization: 'vault' })).bytes).toHaveLength(secret.length);
    await shared.held(digest);
    const token = await scanToken({ key: KEY, name: `open/${NAME}`, blob: digest, now: Date.now() });
    const read = await shared.edge.blob(digest, { organization: 'open', authorization: token });
    expect([read.failure, read.bytes.length]).toEqual(['UPSTREAM_DENIED', 0]);
  } finally {
    await shared.close();
  }
});
