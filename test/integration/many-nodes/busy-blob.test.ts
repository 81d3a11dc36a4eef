import { existsSync, readdirSync } from 'node:fs';
import { homeAt } from '../../../common/runtime/home';
import { type FakeGcs, startFakeGcs } from '../../support/fake-gcs';
import { buildImage } from '../../support/fake-registry';
import { type BlobClient, type SlowClient, startBlobClient, startSlowClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, type NodesRigOptions, type RigNode, startNodesRig } from './support/nodes-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';
/** Larger than all buffers between the store and a client that does not read. */
const SIZE = 48 * MIB;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Three data planes with one bucket, and one layer that is in it. */
interface BusyRig {
  readonly rig: NodesRig;
  readonly bucket: FakeGcs;
  readonly digest: string;
  /** Returns the URL of the layer at one of the two edges. */
  url(client: number): string;
  /** Bytes that the bucket has sent. */
  downloaded(): number;
  /** The data planes with a local copy of the layer. */
  holders(): readonly RigNode[];
}

async function start(options: Partial<NodesRigOptions> = {}): Promise<BusyRig> {
  const bucket = await startFakeGcs();
  closers.push(() => bucket.close());
  const env = {
    LAYOVER_BLOB_STORE: `gs://${bucket.bucket}`,
    STORAGE_EMULATOR_HOST: bucket.origin,
    LAYOVER_BLOB_READERS_PER_NODE: '2',
    ...options.env,
  };
  const rig = await startNodesRig({ edges: 2, transport: 'tcp', ...options, env });
  closers.push(() => rig.close());
  const image = buildImage({ layers: [SIZE], seed: 'busy blob' });
  rig.upstream.content.addImage(NAME, 'latest', image);
  const { digest } = image.layers[0]!;
  const path = `/v2/docker/${NAME}`;
  const url = (client: number): string => `${rig.urls[client % rig.urls.length]}${path}/blobs/${digest}`;
  await send({ url: `${rig.urls[0]}${path}/manifests/latest`, headers: { Accept: '*/*' } });
  await send({ url: url(0) });
  const copies = ({ home }: RigNode): readonly string[] =>
    existsSync(homeAt(home).copies) ? readdirSync(homeAt(home).copies, { recursive: true, encoding: 'utf8' }) : [];
  const holders = (): readonly RigNode[] =>
    rig.nodes.filter((node) => copies(node).some((file) => file.includes(`${digest.slice(7)}.${SIZE}`)));
  // The data plane that filled the layer has a copy once the bucket has the object.
  await waitUntil('the copy of the first data plane', () => holders().length === 1);
  return {
    rig,
    bucket,
    digest,
    url,
    downloaded: () =>
      bucket.requests.filter(({ kind }) => kind === 'download').reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    holders,
  };
}

/** Returns the reads that edges sent to another data plane than the first one. */
async function spreadReads({ rig }: BusyRig): Promise<number> {
  const counts = await Promise.all(
    rig.urls.map(async (url) => {
      const { body } = await send({ url: `${url}/metrics` });
      return Number(/^layover_edge_spread_reads_total (\d+)/m.exec(body.toString())?.[1]);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Starts clients that read slowly, one after the other. */
async function startSlow({ url }: BusyRig, count: number): Promise<SlowClient[]> {
  const clients: SlowClient[] = [];
  for (let client = 0; client < count; client += 1) {
    const slow = await startSlowClient(url(client));
    await waitUntil('the first bytes', () => slow.received() > 0);
    clients.push(slow);
  }
  return clients;
}

async function expectWhole(clients: readonly (SlowClient | BlobClient)[], digest: string): Promise<void> {
  const results = await Promise.all(clients.map((client) => ('hurry' in client ? client.hurry() : client.done)));
  for (const result of results) expect(result).toMatchObject({ bytes: SIZE, digest });
}

test('clients of one blob are sent it by several data planes, which read the bucket once each', async () => {
  const busy = await start();
  const clients = await startSlow(busy, 8);
  expect(await spreadReads(busy)).toBeGreaterThanOrEqual(3);
  await expectWhole(clients, busy.digest);
  // A copy gets its name after its readers have got its last byte.
  await waitUntil('three copies', () => busy.holders().length === 3);
  expect(busy.rig.fetches(busy.digest)).toBe(1);
  // The first data plane has a copy since its fill.
  expect(busy.downloaded()).toBe(2 * SIZE);
}, 120_000);

test('a burst of clients costs the upstream nothing, and the bucket one read for each further data plane', async () => {
  const busy = await start();
  const clients = Array.from({ length: 20 }, (_, client) => startBlobClient({ url: busy.url(client) }));
  await expectWhole(clients, busy.digest);
  expect(busy.rig.fetches(busy.digest)).toBe(1);
  expect(busy.downloaded()).toBeLessThanOrEqual(2 * SIZE);
}, 120_000);

test.each<[string, number, Readonly<Record<string, string>>]>([
  ['with few clients', 2, {}],
  ['with the setting 0', 10, { LAYOVER_BLOB_READERS_PER_NODE: '0' }],
])(
  'a blob %s stays at its first data plane',
  async (_what, count, env) => {
    const busy = await start({ env });
    await expectWhole(await startSlow(busy, count), busy.digest);
    expect(await spreadReads(busy)).toBe(0);
    expect(busy.downloaded()).toBe(0);
  },
  60_000,
);

test('clients of a data plane that is killed finish at the others, without the upstream', async () => {
  const busy = await start({ processes: true });
  const clients = await startSlow(busy, 8);
  await waitUntil('three copies', () => busy.holders().length === 3);
  const [lost] = busy.holders();
  lost!.running.signal('SIGKILL');
  await expectWhole(clients, busy.digest);
  expect(busy.rig.fetches(busy.digest)).toBe(1);
  expect(busy.downloaded()).toBe(2 * SIZE);
}, 120_000);
