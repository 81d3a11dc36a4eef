import { readFileSync } from 'node:fs';
import { digestOf } from '../../../../common/oci/digest';
import { buildImage } from '../../../support/fake-registry';
import { type Rig, type RigOptions, startRig } from '../support/data-plane-rig';

const NAME = 'team/app';
const image = buildImage({ layers: [300_000], seed: 'opened' });
const [layer] = image.layers as [(typeof image.layers)[number]];

let rig: Rig;
const start = async (options: RigOptions = {}): Promise<void> => {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'latest', image);
};
afterEach(() => rig.close());

/** Pulls the image, so that its layer is stored. Forgets the requests to the upstream. */
const pull = async (): Promise<void> => {
  await rig.edge.manifest('latest');
  await rig.edge.blob(layer.digest);
  await rig.held(layer.digest);
  rig.asked();
};

test('a stored blob is a file whose bytes are all available, or a part of them', async () => {
  await start();
  await pull();
  const { header } = await rig.edge.open(layer.digest);
  expect(header).toMatchObject({
    ...{ delivery: 'LOCAL_FILE', size: 300_000, offset: 0, length: 300_000, available: 300_000 },
    ...{ cacheStatus: 'HIT', upstreamHost: rig.registry.host, private: false },
  });
  expect(readFileSync(header!.path).equals(layer.bytes)).toBe(true);
  const part = await rig.edge.open(layer.digest, { bytes: { firstByte: 7, lastByte: 9 } });
  expect(part.header).toMatchObject({ size: 300_000, offset: 7, length: 3, available: 300_000 });
  await expect(rig.edge.open(layer.digest, { bytes: { firstByte: 300_000, lastByte: -1 } })).rejects.toMatchObject({
    key: 'RANGE_INVALID',
    detail: { size: 300_000 },
  });
  expect(rig.asked()).toEqual([]);
});

test('a blob that is not stored is left to the read, and the upstream is not asked', async () => {
  await start();
  expect(await rig.edge.open(layer.digest)).toMatchObject({ useReadBlob: true });
  await rig.edge.manifest('latest');
  rig.asked();
  expect(await rig.edge.open(layer.digest)).toMatchObject({ useReadBlob: true });
  expect(await rig.edge.open(digestOf(Buffer.from('unknown')))).toMatchObject({ useReadBlob: true });
  expect(rig.asked()).toEqual([]);
  expect(rig.spooled()).toEqual([]);
});

test('a blob that is stored for another organization only is left to the read', async () => {
  await start({ organizations: [{ name: 'acme' }, { name: 'other', username: 'robot', password: 'secret' }] });
  await pull();
  await rig.edge.manifest('latest', { organization: 'other' });
  rig.asked();
  expect(await rig.edge.open(layer.digest, { organization: 'other' })).toMatchObject({ useReadBlob: true });
  expect(rig.asked()).toEqual([]);
});

test('an edge that reads no files, or replaces one, is left to the read', async () => {
  await start();
  await pull();
  expect(await rig.edge.open(layer.digest, { accepts: ['INLINE'] })).toMatchObject({ useReadBlob: true });
  expect(await rig.edge.open(layer.digest, { counted: true })).toMatchObject({ useReadBlob: true });
});

test('the right to the blob is checked like for a read', async () => {
  await start({ organizations: [{ name: 'acme', visibility: 'PRIVATE', robots: { ci: 'secret' } }] });
  const authorization = `Basic ${Buffer.from('acme+ci:secret').toString('base64')}`;
  await rig.edge.manifest('latest', { authorization });
  await rig.edge.blob(layer.digest, { authorization });
  await rig.held(layer.digest);
  await expect(rig.edge.open(layer.digest)).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  expect((await rig.edge.open(layer.digest, { authorization })).header).toMatchObject({ private: true });
});

test('the bytes of the range count as served', async () => {
  await start();
  await pull();
  await rig.edge.open(layer.digest, { bytes: { firstByte: 0, lastByte: 99 } });
  await rig.edge.open(layer.digest, { accepts: ['INLINE'] });
  // The byte counts are written to the journal when the data plane stops.
  await rig.restart();
  const counted = (): number =>
    [...rig.catalog.records.values()].reduce((sum, { blob }) => sum + (blob?.bytesServed ?? 0), 0);
  await rig.catalog.until(() => counted() > 0);
  expect(counted()).toBe(layer.bytes.length + 100);
});
