import { buildImage } from '../../support/fake-registry';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, startNodesRig } from './support/nodes-rig';

const NAME = 'team/app';
const PULLS = `query {
  auditEvents(filter: { organization: "docker", kinds: [PULL] }, first: 50) {
    edges { node { id reference httpStatus requestId detail } }
  }
}`;

interface Recorded {
  readonly id: string;
  readonly reference: string | null;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly detail: { readonly attempt?: number; readonly count?: number };
}

let rig: NodesRig;
afterEach(() => rig.close());

async function start(dataPlanes: number): Promise<void> {
  rig = await startNodesRig({ dataPlanes, edges: 1, transport: 'unix', relays: true });
  rig.upstream.content.addImage(NAME, 'v1', buildImage({ layers: [1000], seed: 'one record' }));
}

const ask = (requestId: string) =>
  send({
    url: `${rig.urls[0]}/v2/docker/${NAME}/manifests/v1`,
    headers: { 'x-request-id': requestId, accept: '*/*' },
  });

async function recorded(): Promise<readonly Recorded[]> {
  const { auditEvents } = await rig.graphql.run<{
    auditEvents: { edges: readonly { readonly node: Omit<Recorded, 'detail'> & { readonly detail: string } }[] };
  }>(PULLS);
  return auditEvents.edges.map(({ node }) => ({ ...node, detail: JSON.parse(node.detail) as Recorded['detail'] }));
}

/** Resolves when there is one record, which has this status and describes such an attempt. */
async function untilOneRecord(status: number, which: 'first' | 'later'): Promise<Recorded> {
  let last: readonly Recorded[] = [];
  await waitUntil(`a record of a ${which} attempt with status ${status}`, async () => {
    last = await recorded();
    const isMeant = ({ detail: { attempt = 1 } }: Recorded): boolean => attempt > 1 === (which === 'later');
    return last.some((record) => record.httpStatus === status && isMeant(record));
  });
  expect(last).toHaveLength(1);
  return last[0]!;
}

test.each([
  ['to the only data plane', 1],
  ['to both data planes', 2],
])(
  'a manifest request is one record if its connection %s breaks before the answer is through',
  async (_name, dataPlanes) => {
    await start(dataPlanes);
    for (const relay of rig.relays) relay.swallow('answers');
    const answer = ask('broken');
    const first = await untilOneRecord(200, 'first');
    for (const relay of rig.relays) relay.cut();
    expect((await answer).status).toBe(200);
    const last = await untilOneRecord(200, 'later');
    expect(last.id).toBe(first.id);
  },
  60_000,
);

test('a record says what the client got if a data plane had recorded another answer', async () => {
  await start(1);
  const [relay] = rig.relays;
  relay!.swallow('answers');
  const answer = ask('lost');
  const first = await untilOneRecord(200, 'first');
  relay!.swallow('both', true);
  relay!.cut();
  expect((await answer).status).toBe(503);
  relay!.cut();
  relay!.heal();
  const last = await untilOneRecord(503, 'later');
  expect(last).toMatchObject({ id: first.id, requestId: 'lost' });
}, 60_000);

test('what an edge answers without a data plane is on record when a data plane is back', async () => {
  await start(1);
  await rig.nodes[0]!.stop();
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => ask(`alone-${i}`)));
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
  await rig.nodes[0]!.start();
  await waitUntil('all records', async () => (await recorded()).length >= 5);
  const records = await recorded();
  expect(records.map(({ httpStatus }) => httpStatus)).toEqual([503, 503, 503, 503, 503]);
  expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(5);
}, 60_000);
