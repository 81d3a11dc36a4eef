import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { startBlobClient } from '../support/real/blob-client';
import { send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { describeWith } from '../support/real/programs';
import { mayMount, type SmallDisk, smallDisk } from '../support/real/small-disk';
import { temporaryFolder, type TemporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';

const MIB = 1024 ** 2;
const RESERVE = 16 * MIB;

/** What docs/operations.md#disk-full promises if other programs took every byte of the disk. */
describeWith(mayMount() ? [] : ['the right to mount'], 'a disk that is full to the last byte', () => {
  let disk: SmallDisk;
  let home: TemporaryFolder;
  let upstream: FakeRegistry;
  let layover: InProcessLayover;

  beforeEach(async () => {
    disk = await smallDisk(64 * MIB);
    home = await temporaryFolder('database');
    upstream = await startFakeRegistry();
    layover = await startLayoverInProcess({
      env: {
        LAYOVER_HOME: disk.path,
        LAYOVER_DATABASE_URL: `sqlite:${join(home.path, 'layover.sqlite')}`,
        LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:0',
        LAYOVER_DISK_RESERVE_BYTES: String(RESERVE),
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
      },
    });
    await layover.graphql.createOrganization('acme', { upstream: upstream.host, completeImages: false });
  });
  afterEach(async () => {
    await layover.stop();
    await upstream.close();
    await disk.remove();
    await home.remove();
  });

  const url = (path: string): string => `${layover.url}/v2/acme/team/app/${path}`;
  const foreign = (): string => join(disk.path, 'foreign');
  const operations = async (path: string): Promise<string> =>
    (await send({ url: `http://${layover.dataHttp()}${path}` })).body.toString();
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await operations('/metrics'))?.[1]);

  /** Takes all room of the disk, as a program does that knows no limit. */
  async function fillDisk(): Promise<void> {
    const file = await open(foreign(), 'a');
    try {
      for (let step = MIB; step >= 1; step = step >> 1) {
        const bytes = Buffer.alloc(step);
        while ((await file.write(bytes).catch(() => ({ bytesWritten: 0 }))).bytesWritten > 0);
      }
    } finally {
      await file.close();
    }
    expect(await disk.free()).toBe(0);
  }

  /** Pulls an image, and returns the cache status of its manifest. */
  async function pull(tag: string, image: ReturnType<typeof buildImage>): Promise<string> {
    const manifest = await send({ url: url(`manifests/${tag}`) });
    expect([manifest.status, manifest.body.equals(image.manifest)]).toEqual([200, true]);
    for (const { digest, bytes } of image.layers)
      expect(await startBlobClient({ url: url(`blobs/${digest}`) }).done).toEqual({
        status: 200,
        bytes: bytes.length,
        digest,
      });
    return String(manifest.headers['x-layover-cache']);
  }

  async function restartData(meanwhile?: () => Promise<void>): Promise<void> {
    await layover.stopPlane('data');
    await meanwhile?.();
    await layover.startPlane('data');
    // The edge connects again with a delay.
    await waitUntil('the data plane', async () => (await send({ url: url('manifests/cached') })).status === 200);
  }

  const recorded = async (tag: string): Promise<number> =>
    (await layover.graphql.pulls('acme')).filter(({ reference }) => reference === tag).length;

  test('serves and records what is cached, passes new content through, says so, and caches again when there is room', async () => {
    const cached = buildImage({ layers: [2 * MIB], seed: 'cached' });
    const fresh = buildImage({ layers: [2 * MIB], seed: 'fresh' });
    upstream.content.addImage('team/app', 'cached', cached);
    upstream.content.addImage('team/app', 'fresh', fresh);
    expect(await pull('cached', cached)).toBe('MISS');
    await waitUntil('the record', async () => (await recorded('cached')) === 1);
    expect(await operations('/readyz')).toBe('ready\n');

    // A stop saves the configuration, which a full disk would prevent.
    await restartData();
    await fillDisk();
    expect(await pull('cached', cached)).toBe('REVALIDATED');
    // The control plane is away, so that the records have to wait on the disk.
    await layover.stopPlane('control');
    // A started data plane begins a new file of the journal: it has no room left from before.
    await restartData(fillDisk);
    for (let count = 0; count < 20; count += 1) expect(await pull('cached', cached)).toBe('REVALIDATED');
    expect(await pull('fresh', fresh)).toBe('BYPASS');
    expect(await pull('fresh', fresh)).toBe('BYPASS');
    expect(await metric('layover_data_journal_dropped_total')).toBe(0);
    expect(await metric('layover_data_journal_writable')).toBe(1);
    expect(await metric('layover_data_passed_through_total')).toBe(2);
    expect(await metric('layover_data_fills_total{outcome="STORE_FULL"}')).toBeGreaterThan(0);
    expect(await operations('/readyz')).toMatch(
      /^ready\n(.*\n)*disk: 0 MiB are free, not more than LAYOVER_DISK_RESERVE_BYTES \(16 MiB\); new content is passed through without being kept\n/,
    );

    await layover.startPlane('control');
    await waitUntil('the records', async () => (await recorded('fresh')) === 2);
    // One cold, one after each restart, one on the full disk, and the twenty.
    expect(await recorded('cached')).toBe(24);

    await rm(foreign());
    await waitUntil('a pull that is kept', async () => (await pull('fresh', fresh)) === 'MISS');
    expect(await pull('fresh', fresh)).toBe('REVALIDATED');
    expect(await operations('/readyz')).toBe('ready\n');
  }, 120_000);
});
