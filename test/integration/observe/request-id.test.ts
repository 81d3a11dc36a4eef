import { createLogger, type Logger } from '../../../common/runtime/logger';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { send } from '../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../support/real/layover-in-process';
import { waitUntil } from '../../support/real/wait-until';

type Line = Readonly<Record<string, unknown>>;

let upstream: FakeRegistry;
let layover: InProcessLayover;
const lines: Line[] = [];

const logger = (plane: string): Logger =>
  createLogger(plane, 'debug', { write: (text: string) => void lines.push(JSON.parse(text) as Line) });
const said = (plane: string, id: unknown): Line[] =>
  lines.filter(
    (line) => line['plane'] === plane && line['requestId'] === id && String(line['msg']).endsWith('was answered'),
  );

beforeEach(async () => {
  lines.length = 0;
  upstream = await startFakeRegistry();
  layover = await startLayoverInProcess({ logger });
  await layover.graphql.createOrganization('acme', { upstream: upstream.host });
});
afterEach(async () => {
  await layover.stop();
  await upstream.close();
});

test("a client's request id is in the answer, the log lines of the planes and the audit event", async () => {
  const image = buildImage({ seed: 'request-id' });
  upstream.content.addImage('team/app', 'latest', image);
  const id = 'ci-run.4711_a';
  const manifest = `${layover.url}/v2/acme/team/app/manifests/latest`;
  const headers = { 'X-Request-Id': id, Authorization: `Basic ${Buffer.from('a+b:c').toString('base64')}` };
  const refused = await send({ url: manifest, headers });
  expect([refused.status, refused.headers['x-request-id']]).toEqual([401, id]);
  const blob = await send({
    url: `${layover.url}/v2/acme/team/app/blobs/${image.config.digest}`,
    headers: { 'X-Request-Id': 'blob-1' },
  });
  expect([blob.status, blob.headers['x-request-id']]).toEqual([200, 'blob-1']);

  const [event] = await waitUntil('the audit event', async () => {
    const pulls = await layover.graphql.pulls('acme');
    return pulls.length > 0 && pulls;
  });
  expect(event).toMatchObject({ requestId: id, httpStatus: 401 });
  expect(said('edge', id)).toEqual([
    expect.objectContaining({ status: 401, path: '/v2/acme/team/app/manifests/latest' }),
  ]);
  expect(said('data', id)).toEqual([expect.objectContaining({ method: 'GetManifest', outcome: 'UNAUTHORIZED' })]);
  await waitUntil('the answer for the blob', () => said('edge', 'blob-1').length === 1);
  expect(said('data', 'blob-1').map(({ method, outcome }) => `${String(method)} ${String(outcome)}`)).toContain(
    'ReadBlob ok',
  );
});

test('an invalid request id is replaced by the same new id everywhere', async () => {
  upstream.content.addImage('team/app', 'latest', buildImage({ seed: 'made' }));
  const url = `${layover.url}/v2/acme/team/app/manifests/latest`;
  const { headers } = await send({ url, headers: { 'X-Request-Id': 'two words{"a":1}' } });
  const id = headers['x-request-id'];
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const [event] = await waitUntil('the audit event', async () => {
    const pulls = await layover.graphql.pulls('acme');
    return pulls.length > 0 && pulls;
  });
  expect(event).toMatchObject({ requestId: id, httpStatus: 200, cacheStatus: 'MISS' });
  expect(said('edge', id)).toHaveLength(1);
  expect(said('data', id)).toEqual([expect.objectContaining({ method: 'GetManifest', outcome: 'ok' })]);
  expect(upstream.requests.some((request) => JSON.stringify(request.headers).includes(String(id)))).toBe(false);
});
