import type { SilenceBounds } from '../../../edge-http/src/registry/grpc/data-plane';
import { buildImage, createGate } from '../../support/fake-registry';
import { startBlobClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, type NodesRigOptions, startNodesRig } from './support/nodes-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';
const QUICK = { pingAfterMs: 300, answerWithinMs: 700 };
/** Keepalive that notices nothing within a test. */
const NEVER = { pingAfterMs: 600_000, answerWithinMs: 600_000 };

let rig: NodesRig;
afterEach(() => rig.close());

/** Starts a rig whose image has layers of these sizes. */
async function start(sizes: readonly number[], silence: SilenceBounds, more: Partial<NodesRigOptions>) {
  rig = await startNodesRig({
    edges: 1,
    transport: 'unix',
    edge: { silence },
    env: { LAYOVER_LOCAL_DELIVERY: 'off', LAYOVER_DATA_BYTES_LISTEN: 'off' },
    ...more,
  });
  const image = buildImage({ layers: [...sizes], seed: 'silence' });
  rig.upstream.content.addImage(NAME, 'v1', image);
  const urlOf = (digest: string): string => `${rig.urls[0]}/v2/docker/${NAME}/blobs/${digest}`;
  return { layers: image.layers, urlOf, readyz: async () => (await send({ url: `${rig.urls[0]}/readyz` })).status };
}

test('a blob leaves a connection that carries nothing, and comes from the same node over the next one', async () => {
  const silence = { calls: NEVER, streams: NEVER, reads: QUICK };
  const { layers, urlOf } = await start([1000, 2000], silence, { dataPlanes: 2, relays: true });
  for (const { digest } of layers) expect((await send({ url: urlOf(digest) })).status).toBe(200);
  // Both nodes have a connection for blobs now if each owns a layer; the next one is over either.
  for (const relay of rig.relays) if (relay.accepted > 1) relay.swallowLatest('both');
  const more = buildImage({ layers: [3000, 4000, 5000, 6000], seed: 'more' });
  rig.upstream.content.addImage(NAME, 'more', more);
  const answers = await Promise.all(more.layers.map(({ digest }) => send({ url: urlOf(digest) })));
  expect(answers.map(({ body }, i) => body.equals(more.layers[i]!.bytes))).toEqual([true, true, true, true]);
  expect(more.layers.map(({ digest }) => rig.fetches(digest))).toEqual([1, 1, 1, 1]);
}, 60_000);

test('a blob whose connection carries nothing any more in the middle goes on', async () => {
  const silence = { calls: NEVER, streams: NEVER, reads: QUICK };
  const { layers, urlOf } = await start([4 * MIB], silence, { dataPlanes: 1, relays: true });
  const [layer] = layers;
  const gate = createGate();
  rig.upstream.quirk({ path: layer!.digest, method: 'GET', gate, gateAtBytes: 2 * MIB, times: 1 });
  const client = startBlobClient({ url: urlOf(layer!.digest) });
  await client.started;
  rig.relays[0]!.swallowLatest('both');
  gate.open();
  expect((await client.done).digest).toBe(layer!.digest);
  expect(rig.fetches(layer!.digest)).toBe(1);
}, 60_000);

test('a blob waits for a slow upstream as long as its connection answers', async () => {
  const silence = { calls: NEVER, streams: NEVER, reads: { pingAfterMs: 20, answerWithinMs: 5_000 } };
  const { layers, urlOf } = await start([4 * MIB], silence, { dataPlanes: 1, relays: true });
  const [layer] = layers;
  const gate = createGate();
  rig.upstream.quirk({ path: layer!.digest, method: 'GET', gate, gateAtBytes: 2 * MIB, times: 1 });
  const client = startBlobClient({ url: urlOf(layer!.digest) });
  await client.started;
  const { accepted } = rig.relays[0]!;
  // Long enough for several questions, which have no visible effect.
  await new Promise((resolve) => setTimeout(resolve, 500));
  gate.open();
  expect((await client.done).digest).toBe(layer!.digest);
  expect(rig.relays[0]!.accepted).toBe(accepted);
}, 60_000);

test('the only data plane hangs: requests are answered 503, readiness follows, and both recover', async () => {
  const silence = { calls: QUICK, streams: NEVER, reads: QUICK };
  const { layers, urlOf, readyz } = await start([1000, 2000], silence, {
    dataPlanes: 1,
    processes: true,
    transport: 'tcp',
  });
  const [known, cold] = layers;
  expect((await send({ url: urlOf(known!.digest) })).status).toBe(200);
  const manifest = `${rig.urls[0]}/v2/docker/${NAME}/manifests/v1`;
  expect(await readyz()).toBe(200);
  const { running } = rig.nodes[0]!;
  running.signal('SIGSTOP');
  const urls = [manifest, urlOf(known!.digest), urlOf(cold!.digest), `${rig.urls[0]}/v2/`];
  const first = await Promise.all(urls.map((url) => send({ url })));
  expect(first.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
  expect(await readyz()).toBe(503);
  running.signal('SIGCONT');
  await waitUntil('readiness', async () => (await readyz()) === 200);
  expect((await send({ url: manifest })).status).toBe(200);
  expect((await send({ url: urlOf(cold!.digest) })).status).toBe(200);
}, 60_000);
