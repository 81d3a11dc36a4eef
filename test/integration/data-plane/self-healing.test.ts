import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../../support/fake-registry';
import type { ReadBlobReply__Output } from '../../../proto/gen/layover/v1/ReadBlobReply';
import { waitUntil } from '../../support/real/wait-until';
import { TestClock } from '../../support/test-clock';
import { applyAdmissions, type Rig, startRig } from './support/data-plane-rig';

const NAME = 'team/app';
const SIZE = 300_000;
const image = buildImage({ layers: [SIZE], seed: 'first' });
const [layer] = image.layers as [(typeof image.layers)[number]];

const clock = TestClock.running();
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({
    config: (config) => ({ ...config, checks: { bytesPerSecond: 100_000_000, intervalMs: 3_600_000 } }),
    overrides: { clock },
  });
  rig.registry.content.addImage(NAME, 'latest', image);
  await rig.edge.manifest('latest');
  await rig.edge.blob(layer.digest);
  await rig.held(layer.digest, image.digest);
  // The fill is over only when its arrival was reported; nothing reads the file afterwards.
  await rig.catalog.until(() => [...rig.catalog.records.values()].some(({ blob }) => blob?.digest === layer.digest));
  applyAdmissions(rig.catalog);
});
afterEach(() => rig.close());

/** Ways in which a stored file can be damaged or removed, by others or by Layover itself. */
const DAMAGES: readonly [what: string, damage: (digest: string) => Promise<void>, byUs?: boolean][] = [
  ['removed', (digest) => rm(rig.file(digest))],
  ['truncated', (digest) => truncate(rig.file(digest), 100)],
  ['grown', (digest) => appendFile(rig.file(digest), 'x')],
  ['grown beyond the manifest limit', (digest) => appendFile(rig.file(digest), Buffer.alloc(5 * 1024 * 1024))],
  ['emptied', (digest) => truncate(rig.file(digest), 0)],
  [
    'quarantined because it had wrong bytes',
    async (digest) => {
      const content = await readFile(rig.file(digest));
      content[0]! ^= 1;
      await writeFile(rig.file(digest), content);
      expect(await rig.storage.verify([digest], true)).toMatchObject([{ outcome: 'DAMAGED' }]);
    },
    true,
  ],
];

/** Reads the named file during the call, like an edge on the same host. */
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
  throw new Error('the call ended before the blob was complete');
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
  ])(
    'is fetched again for a blob with delivery %s, consistently with HEAD; no client gets wrong bytes',
    async (_, read) => {
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
    },
  );

  test('is fetched once for a blob that two clients request at the same time without a HEAD', async () => {
    await damage(layer.digest);
    rig.asked();
    const both = await Promise.all([readInline(layer.digest), readLocally(layer.digest)]);
    for (const { bytes } of both) expect(bytes.equals(layer.bytes)).toBe(true);
    expect(rig.asked()).toEqual([`GET /v2/${NAME}/blobs/${layer.digest}`]);
  });

  describe.each(['latest', image.digest])('is fetched again for a manifest that is requested as %s', (reference) => {
    const byTag = reference === 'latest';

    test.each([true, false])('is fetched again and kept; HEAD first: %s', async (headFirst) => {
      await damage(image.digest);
      // After a restart it is not in memory. A quarantine removes it from memory by itself.
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

describe('a wrong bit in a file', () => {
  const flip = async (): Promise<void> => {
    const content = await readFile(rig.file(layer.digest));
    content[SIZE / 2]! ^= 1;
    await writeFile(rig.file(layer.digest), content);
  };
  const expectHealed = async (read: typeof readInline): Promise<void> => {
    const got = await read(layer.digest);
    expect([got.bytes.equals(layer.bytes), got.cacheStatus]).toEqual([true, 'MISS']);
    await rig.held(layer.digest);
    expect(await rig.storage.verify([layer.digest])).toMatchObject([{ outcome: 'WHOLE' }]);
  };
  /** Makes the state of the checks that of a data plane that was killed. */
  const pretendKill = async (): Promise<void> => {
    const path = join(rig.home, 'blob-checks.json');
    const state: object = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...state, isRunning: true }));
  };

  test.each([
    ['INLINE', readInline],
    ['LOCAL_FILE', readLocally],
  ])('is found by the first read after a stop that was not orderly (%s)', async (_, read) => {
    await rig.restart(async () => {
      await flip();
      await pretendKill();
    });
    await expectHealed(read);
  });

  test('is found by the checks in the background, and the next pull is right', async () => {
    await flip();
    await waitUntil('the checks to find it', () => {
      clock.advance(10_000);
      return !rig.holds(layer.digest);
    });
    await expectHealed(readLocally);
  });

  test('does not slow down reads after an orderly stop: they are reads of the file', async () => {
    await rig.restart();
    expect((await readLocally(layer.digest)).cacheStatus).toBe('HIT');
  });
});
