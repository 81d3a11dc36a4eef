import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../../support/fake-registry';
import { startSlowClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { makeAuthority } from '../../support/test-authority';
import { type NodesRig, type NodesRigOptions, startNodesRig } from './support/nodes-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: Partial<NodesRigOptions>): Promise<NodesRig> {
  const rig = await startNodesRig({ dataPlanes: 1, edges: 1, transport: 'tcp', ...options });
  closers.push(() => rig.close());
  return rig;
}

/** Adds an image with one layer to the upstream. Returns the layer, and its URL at the edge. */
function addLayer(rig: NodesRig, size: number) {
  const image = buildImage({ layers: [size], seed: 'byte channel' });
  rig.upstream.content.addImage(NAME, 'latest', image);
  const layer = image.layers[0]!;
  return { layer, url: `${rig.urls[0]}/v2/docker/${NAME}/blobs/${layer.digest}` };
}

/** Returns the bytes that an edge has sent to clients, by delivery. */
async function sentBy(rig: NodesRig): Promise<Record<string, number>> {
  const { body } = await send({ url: `${rig.urls[0]}/metrics` });
  const lines = body.toString().matchAll(/^layover_edge_blob_bytes_total\{delivery="([a-z-]+)"\} (\d+)/gm);
  return Object.fromEntries([...lines].map(([, delivery, bytes]) => [delivery, Number(bytes)]));
}

/** Returns settings with certificates for planes, with which every plane is every plane. */
async function certificates(): Promise<Record<string, string>> {
  const folder = await temporaryFolder('certificates');
  closers.push(() => folder.remove());
  const authority = await makeAuthority();
  const planes = ['edge', 'data-plane', 'control-plane'];
  const { cert, key } = await authority.issue(planes.map((plane) => `DNS:${plane}.layover.internal`));
  const files = { CERT: cert, KEY: key, CA: authority.ca };
  const settings: Record<string, string> = {};
  for (const [name, text] of Object.entries(files)) {
    settings[`LAYOVER_PLANE_TLS_${name}`] = join(folder.path, name);
    await writeFile(join(folder.path, name), text);
  }
  return settings;
}

test.each<[string, () => Promise<Partial<NodesRigOptions>>, string]>([
  ['TCP', async () => ({}), 'channel'],
  ['mutual TLS', async () => ({ env: await certificates() }), 'channel'],
  [
    'Unix sockets without local files',
    async () => ({ transport: 'unix', env: { LAYOVER_LOCAL_DELIVERY: 'off' } }),
    'channel',
  ],
  ['Unix sockets', async () => ({ transport: 'unix' }), 'local-file'],
  ['TCP with the byte channel switched off', async () => ({ env: { LAYOVER_DATA_BYTES_LISTEN: 'off' } }), 'inline'],
])('a blob is delivered in the best way over %s, cold and warm', async (_name, options, delivery) => {
  const rig = await start(await options());
  const { layer, url } = addLayer(rig, 3 * MIB);
  for (const range of [undefined, 'bytes=1000000-2999999', undefined]) {
    const { body } = await send({ url, headers: range === undefined ? {} : { Range: range } });
    const expected = range === undefined ? layer.bytes : layer.bytes.subarray(1_000_000, 3_000_000);
    expect(body.equals(expected)).toBe(true);
    // The store has the blob a moment after its client.
    await waitUntil('the blob in the store', () => rig.nodes[0]!.holds(layer.digest));
  }
  expect(rig.fetches(layer.digest)).toBe(1);
  expect(await sentBy(rig)).toEqual({ [delivery]: 2 * 3 * MIB + 2_000_000 });
});

test('a data plane that stops ends the blobs that it is sending', async () => {
  const rig = await start({ env: { LAYOVER_DRAIN_SECONDS: '20' } });
  const { layer, url } = addLayer(rig, 32 * MIB);
  await send({ url });
  const client = await startSlowClient(url);
  await waitUntil('the first bytes', () => client.received() > 0);
  const stopped = rig.nodes[0]!.stop();
  await waitUntil('the data plane to take no more requests', async () => {
    const { status } = await send({ url: `${rig.urls[0]}/readyz` });
    return status === 503;
  });
  expect(await client.hurry()).toEqual({ bytes: 32 * MIB, digest: layer.digest });
  await stopped;
}, 60_000);
