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
    'the organization to be known',
    async () => (await client.pull('open', REPOSITORY, 'v1')).status === 200,
  );
});
afterEach(() => rig.close());

/** Starts a server that accepts connections and calls, and never answers. */
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

test('only one call at a time checks a silent control plane; other pulls do not wait', async () => {
  await rig.stopControl();
  const silent = await startSilent(rig.catalogSocket);
  try {
    await waitUntil('the data plane to be connected', () => silent.calls().includes('Watch'));
    let next = 0;
    const pullAll = async (): Promise<void> => {
      while (next < PULLS) {
        // New tags need the catalog. The first calls detect the silence, and later pulls make no
        // call.
        const tag = `new-${next++}`;
        rig.upstream.content.addImage(REPOSITORY, tag, buildImage({ layers: [100], seed: tag }));
        expect(await client.pull('open', REPOSITORY, tag)).toMatchObject({ status: 200, cache: 'MISS' });
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, pullAll));
    const asked = silent.calls().filter((call) => !['Watch', 'RecordPulls'].includes(call));
    // Each pull would call several times: for the tag, the manifest, the admission and the blobs.
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThan(PULLS / 3);
  } finally {
    await silent.close();
  }
  await rig.startControl();
  const answers = client.answers.get('open')!;
  const recorded = await waitUntil('the audit events', async () => {
    const all = await rig.graphql.pulls('open');
    return all.length >= answers.length && all;
  });
  expect(recorded.map(({ requestId }) => requestId).sort()).toEqual(answers.map(({ requestId }) => requestId).sort());
}, 60_000);

test('an outage of the upstream does not restore a tag that was deleted at the upstream', async () => {
  const { content } = rig.upstream;
  content.addImage(REPOSITORY, 'stays', buildImage({ layers: [1000], seed: 'stays' }));
  expect(await client.pull('open', REPOSITORY, 'stays')).toMatchObject({ status: 200, cache: 'MISS' });
  content.deleteTag(REPOSITORY, 'v1');
  expect(await client.pull('open', REPOSITORY, 'v1')).toMatchObject({ status: 404 });
  const deleted = await waitUntil('the audit event', async () => {
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
  // A data plane without local data, like one that was just added.
  await rig.restartData({ forget: true });
  rig.upstream.quirk({ respond: { status: 503 } });
  expect(await client.pull('open', REPOSITORY, 'stays')).toMatchObject({ status: 200, cache: 'STALE' });
  expect(await client.pull('open', REPOSITORY, 'v1')).toMatchObject({ status: 502 });
}, 30_000);
