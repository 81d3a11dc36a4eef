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

/** 50 clients through all edges in the middle of one cold blob, and the node that fills it. */
async function inMidBlob(options: NodesRigOptions, seed: string, size: number) {
  rig = await startNodesRig({ ...options, processes: true });
  const image = buildImage({ layers: [size], seed });
  const layer = image.layers[0]!;
  rig.upstream.content.addImage(NAME, 'latest', image);
  const gate = createGate();
  // The first GET gets so far and no further; the node that takes over is not held up.
  rig.upstream.quirk({ path: layer.digest, method: 'GET', gate, gateAtBytes: size / 2, times: 1 });
  const clients = Array.from({ length: 50 }, (_, i) =>
    startBlobClient({ url: `${rig.urls[i % rig.urls.length]}/v2/docker/${NAME}/blobs/${layer.digest}` }),
  );
  await Promise.all(clients.map(({ started }) => started));
  await waitUntil('every client is in the middle', () => clients.every((client) => client.received() > size / 4));
  const owner = rig.nodes.find((node) => node.spooled() > 0)!;
  return { layer, clients, owner, gate };
}

async function allRight(clients: readonly BlobClient[], digest: string): Promise<void> {
  const results = await Promise.all(clients.map(({ done }) => done));
  expect(results.filter((result) => result.digest === digest)).toHaveLength(clients.length);
}

test.each([
  ['files', 'unix'],
  ['inline', 'tcp'],
] as const)(
  'kill -9 of a data plane with 50 clients in the middle of a blob (%s): all finish with the right bytes, at the cost of one more fetch',
  async (_name, transport) => {
    const { layer, clients, owner, gate } = await inMidBlob({ transport }, `killed ${transport}`, 16 * MIB);
    owner.running.signal('SIGKILL');
    await allRight(clients, layer.digest);
    gate.open();
    expect(rig.fetches(layer.digest)).toBe(2);
    const others = rig.nodes.filter((node: RigNode) => node !== owner);
    await waitUntil('the next node has kept it', () => others.some((node) => node.holds(layer.digest)));
  },
  60_000,
);

test('a data plane that hangs: what waits for it goes on elsewhere, new requests are not sent to it, and it is used again when it is back', async () => {
  const bounds = { pingAfterMs: 400, answerWithinMs: 1_500 };
  const silence: SilenceBounds = { unary: bounds, streams: bounds };
  const { layer, clients, owner, gate } = await inMidBlob({ transport: 'tcp', edge: { silence } }, 'hangs', 4 * MIB);
  owner.running.signal('SIGSTOP');
  await allRight(clients, layer.digest);
  const small = buildImage({ layers: Array.from({ length: 60 }, (_, i) => 1000 + i), seed: 'small' });
  rig.upstream.content.addImage(NAME, 'small', small);
  // By now the node is known to hang. If each of these waited for it, the test would not end in time.
  for (const { digest, bytes } of small.layers) {
    const answer = await send({ url: `${rig.urls[0]}/v2/docker/${NAME}/blobs/${digest}` });
    expect(answer.body.equals(bytes)).toBe(true);
  }
  gate.open();
  owner.running.signal('SIGCONT');
  const more = buildImage({ layers: Array.from({ length: 20 }, (_, i) => 3000 + i), seed: 'more' });
  rig.upstream.content.addImage(NAME, 'more', more);
  await waitUntil('it is used again', async () => {
    for (const { digest } of more.layers)
      expect((await send({ url: `${rig.urls[0]}/v2/docker/${NAME}/blobs/${digest}` })).status).toBe(200);
    return more.layers.some(({ digest }) => owner.holds(digest));
  });
}, 60_000);
