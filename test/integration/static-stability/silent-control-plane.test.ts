import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { buildImage } from '../../support/fake-registry';
import { waitUntil } from '../../support/real/wait-until';
import { Puller } from './support/puller';
import { startStabilityRig, type StabilityRig } from './support/stability-rig';

const REPOSITORY = 'team/app';
const PULLS = 60;
const CLIENTS = 4;

let rig: StabilityRig;
let client: Puller;
beforeEach(async () => {
  rig = await startStabilityRig();
  client = new Puller(() => rig.url);
  rig.upstream.content.addImage(REPOSITORY, 'v1', buildImage({ layers: [1000], seed: 'v1' }));
  const input = { name: 'open', proxyCache: { upstream: rig.upstream.host, insecure: true } };
  await rig.graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }', {
    input,
  });
  await waitUntil(
    'the organization is known',
    async () => (await client.pull('open', REPOSITORY, 'v1')).status === 200,
  );
});
afterEach(() => rig.close());

/** A control plane that takes connections and calls, and answers none. */
async function startSilent(path: string): Promise<{ calls(): readonly string[]; close(): Promise<void> }> {
  const calls: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    calls.push(String(headers[':path']).replace(/.*\//, ''));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
    });
  return { calls: () => calls, close };
}

test('one call now and then finds out whether it speaks again; the other pulls wait for nothing', async () => {
  await rig.stopControl();
  const silent = await startSilent(rig.catalogSocket);
  try {
    await waitUntil('the data plane is connected', () => silent.calls().includes('Watch'));
    let next = 0;
    const pullAll = async (): Promise<void> => {
      while (next < PULLS) {
        // Never seen, so that the catalog has to be asked: the first calls find out, the others don't try.
        const tag = `new-${next++}`;
        rig.upstream.content.addImage(REPOSITORY, tag, buildImage({ layers: [100], seed: tag }));
        expect(await client.pull('open', REPOSITORY, tag)).toMatchObject({ status: 200, cache: 'MISS' });
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, pullAll));
    const asked = silent.calls().filter((call) => !['Watch', 'RecordPulls'].includes(call));
    // Each pull would ask several times: for the tag, the manifest, the admission, the blobs.
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThan(PULLS / 3);
  } finally {
    await silent.close();
  }
  await rig.startControl();
  const answers = client.answers.get('open')!;
  const recorded = await waitUntil('the records', async () => {
    const all = await rig.graphql.pulls('open');
    return all.length >= answers.length && all;
  });
  expect(recorded.map(({ requestId }) => requestId).sort()).toEqual(answers.map(({ requestId }) => requestId).sort());
}, 60_000);

test('a tag that upstream has deleted is not brought back by a later outage of the upstream', async () => {
  const { content } = rig.upstream;
  content.addImage(REPOSITORY, 'stays', buildImage({ layers: [1000], seed: 'stays' }));
  expect(await client.pull('open', REPOSITORY, 'stays')).toMatchObject({ status: 200, cache: 'MISS' });
  content.deleteTag(REPOSITORY, 'v1');
  expect(await client.pull('open', REPOSITORY, 'v1')).toMatchObject({ status: 404 });
  const deleted = await waitUntil('the event', async () => {
    const { auditEvents } = await rig.graphql.run<{ auditEvents: { edges: { node: object }[] } }>(
      '{ auditEvents(filter: {kinds: [TAG_DELETED]}) { edges { node { organization repository reference actor detail } } } }',
    );
    return auditEvents.edges.length > 0 && auditEvents.edges.map(({ node }) => node);
  });
  expect(deleted).toEqual([
    {
      organization: 'open',
      repository: REPOSITORY,
      reference: 'v1',
      actor: 'system',
      detail: '{"deletedBy":"upstream","upstreamStatus":404}',
    },
  ]);
  // A data plane that knows nothing itself, as one that was added yesterday.
  await rig.restartData({ forget: true });
  rig.upstream.quirk({ respond: { status: 503 } });
  expect(await client.pull('open', REPOSITORY, 'stays')).toMatchObject({ status: 200, cache: 'STALE' });
  expect(await client.pull('open', REPOSITORY, 'v1')).toMatchObject({ status: 502 });
}, 30_000);
