import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { buildImage, createGate, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { startBlobClient } from '../support/real/blob-client';
import { send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { type SmallDisk, smallDisk } from '../support/real/small-disk';
import { waitUntil } from '../support/real/wait-until';

const MIB = 1024 ** 2;
const RESERVE = 24 * MIB;

let disk: SmallDisk;
let upstream: FakeRegistry;
let layover: InProcessLayover;

beforeEach(async () => {
  disk = await smallDisk(72 * MIB + RESERVE);
  upstream = await startFakeRegistry();
  layover = await startLayoverInProcess({
    env: {
      LAYOVER_HOME: disk.path,
      LAYOVER_DISK_RESERVE_BYTES: String(RESERVE),
      LAYOVER_COMPLETION_DELAY_SECONDS: '0',
    },
    dataFreeBytes: () => disk.free(),
  });
  for (const name of ['acme', 'beta'])
    await layover.graphql.createOrganization(name, { upstream: upstream.host, completeImages: false });
});
afterEach(async () => {
  await layover.stop();
  await upstream.close();
  await disk.remove();
});

const blobUrl = (digest: string, organization = 'acme'): string =>
  `${layover.url}/v2/${organization}/team/app/blobs/${digest}`;
const spooled = (): Promise<string[]> => readdir(join(disk.path, 'spool'));

/** Makes the upstream give no size for a blob, neither for HEAD nor for GET. */
function hideSize(digest: string): void {
  upstream.quirk({ path: digest, headers: { 'content-length': undefined }, chunked: true });
}

async function pullAnotherImage(tag: string): Promise<void> {
  upstream.content.addImage('team/app', tag, buildImage({ layers: [1000], seed: tag }));
  expect((await send({ url: `${layover.url}/v2/acme/team/app/manifests/${tag}` })).status).toBe(200);
  await waitUntil(`the record of ${tag}`, async () =>
    (await layover.graphql.pulls('acme')).some(({ reference }) => reference === tag),
  );
}

test('blobs that do not fit on the disk together reach their clients whole, and the database keeps its room', async () => {
  const layers = Array.from({ length: 10 }, (_, nth) => buildImage({ layers: [12 * MIB], seed: `layer ${nth}` })).map(
    ({ layers: [layer] }) => layer!,
  );
  for (const { bytes } of layers) upstream.content.addBlob('team/app', bytes);
  const gate = createGate();
  upstream.quirk({ method: 'GET', path: '/blobs/', gate, gateAtBytes: MIB });
  let least = Infinity;
  const watch = setInterval(() => void disk.free().then((free) => (least = Math.min(least, free))), 20);

  // Two organizations, because one may pass at most eight blobs through.
  const clients = layers.map(({ digest }, nth) =>
    startBlobClient({ url: blobUrl(digest, nth % 2 === 0 ? 'acme' : 'beta') }),
  );
  const done = Promise.allSettled(clients.map((client) => client.done));
  await gate.reached;
  await pause(500);
  gate.open();
  const results = await done;
  clearInterval(watch);

  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason)))).toEqual(
    layers.map(({ digest, bytes }) => ({ status: 200, bytes: bytes.length, digest })),
  );
  expect(least).toBeGreaterThan(RESERVE - 4 * MIB);
  await pullAnotherImage('afterwards');
  expect(await spooled()).toEqual([]);
});

test('a blob of unknown size ends soon after its last client has left', async () => {
  const digest = upstream.content.addBlob('team/app', { size: 64 * MIB });
  hideSize(digest);
  upstream.quirk({ method: 'GET', path: digest, bytesPerSecond: 16 * MIB });
  const leaver = new AbortController();
  const left = fetch(blobUrl(digest), { signal: leaver.signal }).catch(() => 'left');
  await waitUntil('the fill', () => upstream.bytesSent(digest) > 2 * MIB);
  leaver.abort();
  expect(await left).toBe('left');
  await waitUntil('the end of the fill', () =>
    upstream.requests.some(({ method, path, aborted }) => method === 'GET' && path.includes(digest) && aborted),
  );
  expect(upstream.bytesSent(digest)).toBeLessThan(40 * MIB);
  await waitUntil('an empty spool', async () => (await spooled()).length === 0);
});

test('a blob of unknown size takes no more of the disk than the quota of its organization', async () => {
  await layover.graphql.run(
    'mutation { updateOrganization(name: "acme", input: { quota: { limitBytes: "1000000" } }) { version } }',
  );
  const digest = upstream.content.addBlob('team/app', { size: 64 * MIB });
  hideSize(digest);
  const free = await disk.free();
  const refused = await send({ url: blobUrl(digest) });
  expect(refused.status).toBe(403);
  expect(refused.body.toString()).toMatch(/larger than the quota of the organization \(1000000 bytes\)/);
  expect(upstream.bytesSent(digest)).toBeLessThan(20 * MIB);
  await waitUntil('an empty spool', async () => (await spooled()).length === 0);
  expect(await disk.free()).toBeGreaterThan(free - 4 * MIB);
});

test('a blob of unknown size that does not fit is refused with the reason, and gives its room back', async () => {
  const digest = upstream.content.addBlob('team/app', { size: 100 * MIB });
  hideSize(digest);
  const refused = await send({ url: blobUrl(digest) });
  expect(refused.status).toBe(507);
  expect(refused.body.toString()).toMatch(/The spool disk of the data plane is too full .* free.*Free some space/);
  expect(await disk.free()).toBeGreaterThan(RESERVE);
  const { digest: small, bytes } = buildImage({ layers: [20 * MIB], seed: 'small' }).layers[0]!;
  upstream.content.addBlob('team/app', bytes);
  expect((await startBlobClient({ url: blobUrl(small) }).done).digest).toBe(small);
  await pullAnotherImage('afterwards');
});
