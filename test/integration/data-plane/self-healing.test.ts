import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { buildImage } from '../../support/fake-registry';
import type { ReadBlobReply__Output } from '../../../proto/gen/layover/v1/ReadBlobReply';
import { applyAdmissions, type Rig, startRig } from './support/data-plane-rig';

const NAME = 'team/app';
const SIZE = 300_000;
const image = buildImage({ layers: [SIZE], seed: 'first' });
const [layer] = image.layers as [(typeof image.layers)[number]];

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  rig.registry.content.addImage(NAME, 'latest', image);
  await rig.edge.manifest('latest');
  await rig.edge.blob(layer.digest);
  await rig.held(layer.digest, image.digest);
  // The fill has ended, and with it all use of the file, only when the arrival was reported.
  await rig.catalog.until(() => [...rig.catalog.records.values()].some(({ blob }) => blob?.digest === layer.digest));
  applyAdmissions(rig.catalog);
});
afterEach(() => rig.close());

/** Changes to a file of the store, by another program or by Layover itself. */
const DAMAGES: readonly [what: string, damage: (digest: string) => Promise<void>, byUs?: boolean][] = [
  ['removed', (digest) => rm(rig.file(digest))],
  ['truncated', (digest) => truncate(rig.file(digest), 100)],
  ['extended', (digest) => appendFile(rig.file(digest), 'x')],
  [
    'extended beyond the size limit of a manifest',
    (digest) => appendFile(rig.file(digest), Buffer.alloc(5 * 1024 * 1024)),
  ],
  ['emptied', (digest) => truncate(rig.file(digest), 0)],
  [
    'moved to quarantine because of wrong bytes',
    async (digest) => {
      const content = await readFile(rig.file(digest));
      content[0]! ^= 1;
      await writeFile(rig.file(digest), content);
      expect(await rig.storage.verify([digest], true)).toMatchObject([{ outcome: 'DAMAGED' }]);
    },
    true,
  ],
];

/** Reads like an edge on the same host: reads the named file while the call is open. */
async function readLocally(digest: string): Promise<{ readonly cacheStatus: string; readonly bytes: Buffer }> {
  const call = rig.edge.client.readBlob({
    address: { organization: 'acme', repository: NAME },
    digest,
    accepts: ['LOCAL_FILE', 'INLINE'],
  });
  let header: ReadBlobReply__Output['header'] = null;
  try {
    for await (const message of call as AsyncIterable<ReadBlobReply__Output>) {
      header = message.header ?? header;
      expect(header!.delivery).toBe('LOCAL_FILE');
      const available = message.header?.available ?? message.progress?.available ?? 0;
      if (available < header!.size) continue;
      return { cacheStatus: header!.cacheStatus, bytes: await readFile(header!.path) };
    }
  } finally {
    call.on('error', () => undefined);
    call.cancel();
  }
  throw new Error('the call ended before the blob was there');
}

async function readInline(digest: string): Promise<{ readonly cacheStatus: string; readonly bytes: Buffer }> {
  const { header, bytes, failure } = await rig.edge.blob(digest);
  expect(failure).toBeUndefined();
  return { cacheStatus: header!.cacheStatus, bytes };
}

describe.each(DAMAGES)('a file that was %s', (_, damage, byUs = false) => {
  test.each([
    ['INLINE', readInline],
    ['LOCAL_FILE', readLocally],
  ])('of a blob delivered %s is fetched again, as HEAD announced, and no client gets wrong bytes', async (_, read) => {
    await damage(layer.digest);
    const head = await rig.edge.stat(layer.digest);
    expect(head).toMatchObject({ size: SIZE, cacheStatus: 'MISS' });
    const got = await read(layer.digest);
    expect(got.bytes.equals(layer.bytes)).toBe(true);
    expect(got.cacheStatus).toBe('MISS');
    await rig.held(layer.digest);
    expect(await rig.edge.stat(layer.digest)).toMatchObject({ size: SIZE, cacheStatus: 'HIT' });
    expect((await read(layer.digest)).cacheStatus).toBe('HIT');
    expect(await rig.storage.verify([layer.digest])).toMatchObject([{ outcome: 'WHOLE' }]);
  });

  test('of a blob that two clients request at once without HEAD causes one GET', async () => {
    await damage(layer.digest);
    rig.asked();
    const both = await Promise.all([readInline(layer.digest), readLocally(layer.digest)]);
    for (const { bytes } of both) expect(bytes.equals(layer.bytes)).toBe(true);
    expect(rig.asked()).toEqual([`GET /v2/${NAME}/blobs/${layer.digest}`]);
  });

  describe.each(['latest', image.digest])('of a manifest, requested as %s', (reference) => {
    const byTag = reference === 'latest';

    test.each([true, false])('is fetched again and stored; HEAD first: %s', async (headFirst) => {
      await damage(image.digest);
      // Removes the manifest from memory, where it would still be found. The quarantine does this
      // itself.
      if (!byUs) await rig.restart();
      rig.asked();
      const given = { digest: image.digest, mediaType: image.mediaType, size: image.manifest.length };
      const cacheStatus = byTag ? 'REVALIDATED' : 'MISS';
      if (headFirst) {
        expect(await rig.edge.manifest(reference, { head: true })).toMatchObject({ ...given, cacheStatus });
      }
      expect(await rig.edge.manifest(reference)).toMatchObject({ ...given, cacheStatus, content: image.manifest });
      expect(rig.asked()).toContain(`GET /v2/${NAME}/manifests/${image.digest}`);
      expect(await rig.storage.verify([image.digest])).toMatchObject([{ outcome: 'WHOLE' }]);
      expect(await rig.edge.manifest(image.digest)).toMatchObject({ cacheStatus: 'HIT', content: image.manifest });
      expect(rig.asked()).toEqual([]);
    });
  });
});
