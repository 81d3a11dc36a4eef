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

test('a scanner reads the layer of its token and does not count as a client of the organization', async () => {
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

test('a scanner can read nothing else', async () => {
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
