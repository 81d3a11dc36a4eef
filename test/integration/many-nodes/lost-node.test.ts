import type { SilenceBounds } from '../../../edge-http/src/registry/grpc/data-plane';
import { buildImage, createGate } from '../../support/fake-registry';
import { type BlobClient, startBlobClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, type NodesRigOptions, type RigNode, startNodesRig } from './support/nodes-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';

let rig: NodesRig;
afterEach(() => rig.close());

/**
 * Starts 50 downloads of one cold blob through all edges. Returns them in the middle of the blob,
 * with the node that fills it.
 */
async function startDownloads(options: NodesRigOptions, seed: string, size: number) {
  rig = await startNodesRig({ ...options, processes: true });
  const image = buildImage({ layers: [size], seed });
  const layer = image.layers[0]!;
  rig.upstream.content.addImage(NAME, 'latest', image);
  const gate = createGate();
  // The first GET stops at the gate. The node that takes over is not delayed.
  rig.upstream.quirk({ path: layer.digest, method: 'GET', gate, gateAtBytes: size / 2, times: 1 });
  const clients = Array.from({ length: 50 }, (_, i) =>
    startBlobClient({ url: `${rig.urls[i % rig.urls.length]}/v2/docker/${NAME}/blobs/${layer.digest}` }),
  );
  await Promise.all(clients.map(({ started }) => started));
  await waitUntil('every client to be in the middle of the blob', () =>
    clients.every((client) => client.received() > size / 4),
  );
  const owner = rig.nodes.find((node) => node.spooled() > 0)!;
  return { layer, clients, owner, gate };
}

async function allRight(clients: readonly BlobClient[], digest: string): Promise<void> {
  const results = await Promise.all(clients.map(({ done }) => done));
  expect(results.filter((result) => result.digest === digest)).toHaveLength(clients.length);
}

/** Returns how many requests of an edge were moved to another node before their first byte. */
async function failuresToOpen(url: string): Promise<number> {
  const { body } = await send({ url: `${url}/metrics` });
  const line = /^layover_edge_node_failures_total\{[^}]*when="open"[^}]*\} (\d+)$/m.exec(body.toString('utf8'));
  return Number(line?.[1] ?? 0);
}

test.each([
  ['files', 'unix', {}],
  ['byte channel', 'tcp', {}],
  ['inline', 'tcp', { LAYOVER_DATA_BYTES_LISTEN: 'off' }],
] as const)(
  'finishes 50 downloads with correct bytes and one more fetch when their data plane is killed (%s)',
  async (name, transport, env) => {
    const { layer, clients, owner, gate } = await startDownloads({ transport, env }, `killed ${name}`, 4 * MIB);
    owner.running.signal('SIGKILL');
    await allRight(clients, layer.digest);
    gate.open();
    expect(rig.fetches(layer.digest)).toBe(2);
    const others = rig.nodes.filter((node: RigNode) => node !== owner);
    await waitUntil('the next node to store the blob', () => others.some((node) => node.holds(layer.digest)));
  },
  60_000,
);

test.each([
  ['files', 'unix', {}],
  ['byte channel', 'tcp', {}],
  ['inline', 'tcp', { LAYOVER_DATA_BYTES_LISTEN: 'off' }],
] as const)(
  'goes on with 50 downloads when their only data plane was killed and is started again (%s)',
  async (name, transport, env) => {
    const { layer, clients, owner, gate } = await startDownloads(
      { transport, env, dataPlanes: 1 },
      `started again ${name}`,
      4 * MIB,
    );
    await owner.running.kill();
    await owner.start();
    await allRight(clients, layer.digest);
    gate.open();
    expect(rig.fetches(layer.digest)).toBe(2);
    await waitUntil('the data plane to store the blob', () => owner.holds(layer.digest));
  },
  60_000,
);

test('moves requests away from a hanging data plane and uses it again when it answers', async () => {
  const bounds = { pingAfterMs: 400, answerWithinMs: 1_500 };
  const silence: SilenceBounds = { calls: bounds, streams: bounds, reads: bounds };
  const { layer, clients, owner, gate } = await startDownloads(
    { transport: 'tcp', edge: { silence } },
    'hangs',
    4 * MIB,
  );
  owner.running.signal('SIGSTOP');
  await allRight(clients, layer.digest);
  const small = buildImage({ layers: Array.from({ length: 60 }, (_, i) => 1000 + i), seed: 'small' });
  rig.upstream.content.addImage(NAME, 'small', small);
  // The node that hangs owns about 20 of these layers. At most one request waits for it: the edge
  // knows from its downloads, or then.
  const before = await failuresToOpen(rig.urls[0]!);
  for (const { digest, bytes } of small.layers) {
    const answer = await send({ url: `${rig.urls[0]}/v2/docker/${NAME}/blobs/${digest}` });
    expect(answer.body.equals(bytes)).toBe(true);
  }
  expect((await failuresToOpen(rig.urls[0]!)) - before).toBeLessThanOrEqual(1);
  gate.open();
  owner.running.signal('SIGCONT');
  const more = buildImage({ layers: Array.from({ length: 20 }, (_, i) => 3000 + i), seed: 'more' });
  rig.upstream.content.addImage(NAME, 'more', more);
  await waitUntil('the node to be used again', async () => {
    for (const { digest } of more.layers)
      expect((await send({ url: `${rig.urls[0]}/v2/docker/${NAME}/blobs/${digest}` })).status).toBe(200);
    return more.layers.some(({ digest }) => owner.holds(digest));
  });
}, 60_000);
