import { buildImage, type BuiltImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { type HttpAnswer, send } from '../support/real/http-client';
import {
  type InProcessLayover,
  type InProcessNode,
  startLayoverInProcess,
  startNodeInProcess,
} from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';

let upstream: FakeRegistry;
let layover: InProcessLayover;
let second: InProcessNode;
let cached: BuiltImage;
let uncached: BuiltImage;

beforeAll(async () => {
  upstream = await startFakeRegistry();
  cached = buildImage({ seed: 'cached' });
  uncached = buildImage({ seed: 'uncached' });
  upstream.content.addImage('app', 'v1', cached);
  upstream.content.addImage('rest', 'v1', uncached);
  layover = await startLayoverInProcess();
  second = await startNodeInProcess(layover);
  await layover.graphql.createOrganization('acme', { upstream: upstream.host, revalidateAfterSeconds: 3600 });
  for (const node of [layover, second])
    await waitUntil('the image to be cached', async () => (await get(node, 'app/manifests/v1')).status === 200);
}, 30_000);

afterAll(async () => {
  await second?.stop();
  await layover?.stop();
  await upstream?.close();
}, 30_000);

const get = (node: { readonly url: string }, rest: string, method = 'GET'): Promise<HttpAnswer> =>
  send({ method, url: `${node.url}/v2/acme/${rest}` });
const update = (input: object): Promise<unknown> =>
  layover.graphql.run('mutation ($i: SystemSettingsInput!) { updateSystemSettings(input: $i) { version } }', {
    i: input,
  });
/** Returns all kinds of paths: cached and not cached, by tag and by digest, blobs and lists. */
const paths = (): string[] => [
  'app/manifests/v1',
  `app/manifests/${cached.digest}`,
  `app/blobs/${cached.layers[0]!.digest}`,
  `app/blobs/${cached.config.digest}`,
  'app/tags/list',
  `app/referrers/${cached.digest}`,
  'rest/manifests/v1',
  `rest/manifests/${uncached.digest}`,
  `rest/blobs/${uncached.layers[0]!.digest}`,
  'rest/tags/list',
  `rest/referrers/${uncached.digest}`,
];

test('answer 403 DENIED with the reason on every node and send nothing upstream while proxying is off', async () => {
  // All blobs, so that nothing of the image is on its way when the switch is turned.
  const whole = [cached.config, ...cached.layers].map(({ digest }) => `app/blobs/${digest}`);
  for (const node of [layover, second])
    for (const path of ['app/manifests/v1', ...whole]) expect((await get(node, path)).status).toBe(200);
  const nodes = { first: layover, second };
  /**
   * Sets the switch and waits until every node answers accordingly, within a second of the
   * mutation.
   */
  const turn = async (proxyCacheEnabled: boolean, status: number): Promise<void> => {
    await update({ proxyCacheEnabled });
    await Promise.all(
      Object.values(nodes).map((node) =>
        waitUntil(
          'all nodes to apply the switch',
          async () => (await get(node, 'app/manifests/v1')).status === status,
          1000,
        ),
      ),
    );
  };
  await turn(false, 403);
  upstream.takeRequests();
  for (const [name, node] of Object.entries(nodes)) {
    for (const path of paths()) {
      const answer = await get(node, path);
      expect([name, path, answer.status]).toEqual([name, path, 403]);
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        errors: [{ code: 'DENIED', message: expect.stringContaining('switched off globally') as string }],
      });
      expect((await get(node, path, 'HEAD')).status).toBe(403);
    }
  }
  expect(upstream.requests).toHaveLength(0);

  await turn(true, 200);
  for (const node of Object.values(nodes)) {
    for (const path of paths()) expect([path, (await get(node, path)).status]).toEqual([path, 200]);
  }
  const refusals = await waitUntil('the audit events', async () => {
    const pulls = (await layover.graphql.pulls('acme')).filter(({ httpStatus }) => httpStatus === 403);
    // GET and HEAD of four manifests on two nodes, and the requests before all nodes applied the
    // switch.
    return pulls.length >= 16 && pulls;
  });
  expect(new Set(refusals.map(({ cacheStatus }) => cacheStatus))).toEqual(new Set(['REFUSED']));
}, 30_000);
