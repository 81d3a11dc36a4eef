import { buildImage } from '../../support/fake-registry';
import { startSlowClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, startNodesRig } from './support/nodes-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';
/** So large that most of it is not in the buffers of the kernel. */
const SIZE = 32 * MIB;

let rig: NodesRig;
afterEach(() => rig.close());

test.each([
  ['local files', 'unix', {}],
  ['the byte channel', 'tcp', {}],
  ['gRPC', 'tcp', { LAYOVER_DATA_BYTES_LISTEN: 'off' }],
] as const)(
  'a slow download continues from another data plane when its own one stops before the end: %s',
  async (name, transport, env) => {
    rig = await startNodesRig({ transport, dataPlanes: 2, edges: 1, env: { ...env, LAYOVER_DRAIN_SECONDS: '0' } });
    const image = buildImage({ layers: [SIZE], seed: `drained ${name}` });
    const layer = image.layers[0]!;
    rig.upstream.content.addImage(NAME, 'latest', image);
    const url = `${rig.urls[0]}/v2/docker/${NAME}/blobs/${layer.digest}`;
    await send({ url });
    const owner = await waitUntil('the blob in a store', () => rig.nodes.find((node) => node.holds(layer.digest)));
    const client = await startSlowClient(url);
    await waitUntil('the first bytes', () => client.received() > 0);
    await owner.stop();
    expect(await client.hurry()).toEqual({ bytes: SIZE, digest: layer.digest });
  },
  60_000,
);
