import { buildImage, createGate } from '../../support/fake-registry';
import { startBlobClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, startNodesRig } from './support/nodes-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';

let rig: NodesRig;
afterEach(() => rig.close());

const blobUrl = (edge: string, digest: string): string => `${edge}/v2/docker/${NAME}/blobs/${digest}`;

test.each([
  ['unix', 4 * MIB],
  ['tcp', 2 * MIB],
] as const)(
  'three data planes and three edges (%s) serve 200 clients of one cold blob with one upstream request',
  async (transport, size) => {
    rig = await startNodesRig({ transport });
    const image = buildImage({ layers: [size], seed: `cold ${transport}` });
    const [layer] = image.layers;
    rig.upstream.content.addImage(NAME, 'latest', image);
    const clients = Array.from({ length: 200 }, (_, i) =>
      startBlobClient({ url: blobUrl(rig.urls[i % 3]!, layer!.digest) }),
    );
    const results = await Promise.all(clients.map(({ done }) => done));
    expect(results.every(({ status, digest }) => status === 200 && digest === layer!.digest)).toBe(true);
    expect(rig.fetches(layer!.digest)).toBe(1);
    expect(rig.nodes.filter((node) => node.holds(layer!.digest))).toHaveLength(1);
  },
  60_000,
);

test('pulls and completion through all edges and nodes fetch every blob once', async () => {
  rig = await startNodesRig({ transport: 'unix' });
  const images = Array.from({ length: 4 }, (_, i) =>
    buildImage({ layers: [50_000, 60_000, 70_000], seed: `image ${i}` }),
  );
  images.forEach((image, i) => rig.upstream.content.addImage(NAME, `v${i}`, image));
  const blobs = images.flatMap(({ layers, config }) => [config, ...layers].map(({ digest }) => digest));
  await Promise.all(
    images.map(async ({ layers }, i) => {
      const manifest = await send({ url: `${rig.urls[i % 3]}/v2/docker/${NAME}/manifests/v${i}` });
      expect(manifest.status).toBe(200);
      // The client fetches some of the blobs through another edge during completion.
      const [first] = layers;
      const answer = await send({ url: blobUrl(rig.urls[(i + 1) % 3]!, first!.digest) });
      expect(answer.body.equals(first!.bytes)).toBe(true);
    }),
  );
  await waitUntil('all blobs to be stored', () =>
    blobs.every((digest) => rig.nodes.some((node) => node.holds(digest))),
  );
  expect(blobs.map((digest) => rig.fetches(digest))).toEqual(blobs.map(() => 1));
  const [a, b, c] = rig.nodes.map((node) => blobs.filter((digest) => node.holds(digest)).length);
  expect(a! + b! + c!).toBe(blobs.length);
  expect([a, b, c].filter((count) => count! > 0).length).toBeGreaterThan(1);
  // The blobs are on the nodes that serve them, so nothing more is fetched.
  rig.upstream.takeRequests();
  for (const digest of blobs) {
    for (const url of rig.urls)
      expect((await send({ url: blobUrl(url, digest) })).headers['x-layover-cache']).toBe('HIT');
  }
  expect(blobs.map((digest) => rig.fetches(digest))).toEqual(blobs.map(() => 0));
});

test('no request is lost when a node drains and returns', async () => {
  rig = await startNodesRig({ transport: 'unix' });
  const image = buildImage({ layers: Array.from({ length: 9 }, (_, i) => 100_000 + i), seed: 'drain' });
  rig.upstream.content.addImage(NAME, 'latest', image);
  const { layers } = image;
  let stop = false;
  let served = 0;
  const failures: unknown[] = [];
  const load = Array.from({ length: 12 }, async (_, i) => {
    for (let turn = i; !stop; turn += 1) {
      const layer = layers[turn % layers.length]!;
      const edge = rig.urls[turn % 3]!;
      const path = turn % 2 === 0 ? `manifests/latest` : `blobs/${layer.digest}`;
      try {
        const answer = await send({ url: `${edge}/v2/docker/${NAME}/${path}` });
        if (answer.status !== 200) failures.push(`${path}: ${answer.status} ${answer.body.toString()}`);
        else if (turn % 2 === 1 && !answer.body.equals(layer.bytes)) failures.push(`${path}: wrong bytes`);
        served += 1;
      } catch (error) {
        failures.push(`${path}: ${String(error)}`);
      }
    }
  });
  const waitForLoad = async (what: string): Promise<void> => {
    const before = served;
    await waitUntil(what, () => served > before + 60);
  };
  await waitForLoad('load on three nodes');
  for (const node of rig.nodes.slice(0, 3)) {
    await node.stop();
    await waitForLoad('load on two nodes');
    await node.start();
    await waitForLoad('load on three nodes again');
  }
  stop = true;
  await Promise.all(load);
  expect(failures).toEqual([]);
}, 60_000);

test('clients of a node that stops during a fill continue on another node, with one more fetch', async () => {
  rig = await startNodesRig({ transport: 'unix', env: { LAYOVER_DRAIN_SECONDS: '1' } });
  const image = buildImage({ layers: [8 * MIB], seed: 'stopped' });
  const [layer] = image.layers;
  rig.upstream.content.addImage(NAME, 'latest', image);
  const gate = createGate();
  rig.upstream.quirk({ path: layer!.digest, method: 'GET', gate, gateAtBytes: 4 * MIB, times: 1 });
  const clients = Array.from({ length: 20 }, (_, i) =>
    startBlobClient({ url: blobUrl(rig.urls[i % 3]!, layer!.digest) }),
  );
  await Promise.all(clients.map(({ started }) => started));
  const owner = rig.nodes.find((node) => node.spooled() > 0)!;
  // Reading takes longer than the drain time, so running calls are cut off.
  await owner.stop();
  gate.open();
  const results = await Promise.all(clients.map(({ done }) => done));
  expect(results.every(({ digest }) => digest === layer!.digest)).toBe(true);
  expect(rig.fetches(layer!.digest)).toBe(2);
});

test('content with wrong bytes is not retried on another node, and no client gets all of it', async () => {
  rig = await startNodesRig({ transport: 'tcp' });
  const image = buildImage({ layers: [2 * MIB], seed: 'wrong' });
  const [layer] = image.layers;
  rig.upstream.content.addImage(NAME, 'latest', image);
  rig.upstream.quirk({ path: layer!.digest, method: 'GET', corrupt: true });
  const clients = Array.from({ length: 9 }, (_, i) =>
    startBlobClient({ url: blobUrl(rig.urls[i % 3]!, layer!.digest) }),
  );
  const results = await Promise.allSettled(clients.map(({ done }) => done));
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 'rejected'));
  expect(clients.every((client) => client.received() < 2 * MIB)).toBe(true);
  expect(rig.fetches(layer!.digest)).toBe(1);
});

test('a new node is used within ten seconds, and a node that is no longer listed gets no more requests', async () => {
  rig = await startNodesRig({ transport: 'tcp', dataPlanes: 2 });
  const image = buildImage({ layers: Array.from({ length: 40 }, (_, i) => 1000 + i), seed: 'new' });
  rig.upstream.content.addImage(NAME, 'latest', image);
  const pullAll = (): Promise<unknown> =>
    Promise.all(
      image.layers.map(async ({ digest, bytes }, i) => {
        const answer = await send({ url: blobUrl(rig.urls[i % 3]!, digest) });
        expect(answer.body.equals(bytes)).toBe(true);
      }),
    );
  const held = (node: number): number => image.layers.filter(({ digest }) => rig.nodes[node]!.holds(digest)).length;
  await pullAll();
  expect(held(0)).toBeGreaterThan(0);
  expect(held(1)).toBeGreaterThan(0);
  await rig.nodes[2]!.start();
  rig.listed = [2, 0, 1];
  await waitUntil(
    'the new node to be used',
    async () => {
      await pullAll();
      return held(2) > 0;
    },
    10_000,
  );
  // About a third of the blobs belong to the new node. Only those are fetched once more.
  const fetched = (): number => image.layers.reduce((total, { digest }) => total + rig.fetches(digest), 0);
  await waitUntil('the new node to fill its blobs', async () => {
    await pullAll();
    return held(2) >= 5;
  });
  // Clients get the last byte before it is on the disk.
  await waitUntil('all fetched blobs to be stored', () => fetched() === 40 + held(2));

  rig.listed = [0, 1];
  let round = 0;
  await waitUntil('the removed node to get no requests', async () => {
    round += 1;
    const { layers } = buildImage({ layers: Array.from({ length: 30 }, (_, i) => 500 + i), seed: `round ${round}` });
    for (const { digest, bytes } of layers) rig.upstream.content.addBlob(NAME, bytes, digest);
    const answers = await Promise.all(layers.map(({ digest }, i) => send({ url: blobUrl(rig.urls[i % 3]!, digest) })));
    expect(answers.map(({ status }) => status)).toEqual(layers.map(() => 200));
    await waitUntil('all fetched blobs to be stored', () =>
      layers.every(({ digest }) => rig.nodes.some((node) => node.holds(digest))),
    );
    return layers.every(({ digest }) => !rig.nodes[2]!.holds(digest));
  });
}, 40_000);
