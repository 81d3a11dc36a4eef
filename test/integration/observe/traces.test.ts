import { createLogger } from '../../../common/runtime/logger';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../support/otlp/otlp-receiver';
import { send } from '../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../support/real/layover-in-process';
import { waitUntil } from '../../support/real/wait-until';

const TRACE = 'a'.repeat(32);
const CALLER = `00-${TRACE}-${'b'.repeat(16)}-01`;

let receiver: OtlpReceiver;
let upstream: FakeRegistry;
let layover: InProcessLayover;
const lines: Record<string, unknown>[] = [];

beforeEach(async () => {
  lines.length = 0;
  receiver = await startOtlpReceiver();
  upstream = await startFakeRegistry({
    auth: { kind: 'bearer', users: { me: { password: 'upstream-secret', repositories: 'all' } } },
  });
});
afterEach(async () => {
  await layover.stop();
  await upstream.close();
  await receiver.close();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  layover = await startLayoverInProcess({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, LAYOVER_COMPLETION_DELAY_SECONDS: '0', ...env },
    logger: (plane) =>
      createLogger(plane, 'info', {
        write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>),
      }),
  });
  await layover.graphql.createOrganization('acme', {
    upstream: upstream.host,
    upstreamUsername: 'me',
    upstreamPassword: 'upstream-secret',
    completeImages: false,
  });
}

const image = buildImage({ layers: [100_000], seed: 'traces' });
const manifestUrl = (): string => `${layover.url}/v2/acme/team/app/manifests/latest?secret=query`;

/** Returns one line per span below the root: the names of its ancestors and its own name. */
function tree(spans: readonly ReceivedSpan[], traceId: string): string[] {
  const own = spans.filter((span) => span.traceId === traceId);
  const byId = new Map(own.map((span) => [span.spanId, span]));
  const path = (span: ReceivedSpan): string => {
    const parent = byId.get(span.parentSpanId);
    const name = `${span.service.replace('layover-', '')}: ${span.name.replace('layover.v1.', '')}`;
    return parent === undefined ? name : `${path(parent)} > ${name}`;
  };
  return own.map(path).sort();
}

test('a pull is one trace through all planes, and its fill a linked one; neither contains secrets', async () => {
  upstream.content.addImage('team/app', 'latest', image);
  await start();
  const headers = { 'X-Request-Id': 'traced-pull', Cookie: 'cookie-secret' };
  expect((await send({ url: manifestUrl(), headers })).status).toBe(200);
  const blob = await send({ url: `${layover.url}/v2/acme/team/app/blobs/${image.layers[0]!.digest}` });
  expect(blob.body.equals(image.layers[0]!.bytes)).toBe(true);
  await layover.stop();

  const root = receiver.spans.find(({ name }) => name === 'GET /v2/<name>/manifests/<reference>')!;
  expect(root).toMatchObject({ service: 'layover-edge', parentSpanId: '', status: 0 });
  expect(root.attributes).toMatchObject({
    'http.route': '/v2/<name>/manifests/<reference>',
    'http.response.status_code': 200,
    'layover.request_id': 'traced-pull',
    'layover.cache_status': 'MISS',
  });
  const edge = 'edge: GET /v2/<name>/manifests/<reference>';
  const call = `${edge} > edge: Registry/GetManifest`;
  const handled = `${call} > data-plane: Registry/GetManifest`;
  const all = tree(receiver.spans, root.traceId);
  expect(all).toEqual(
    expect.arrayContaining([
      edge,
      call,
      handled,
      `${handled} > data-plane: Catalog/LookupTag`,
      `${handled} > data-plane: Catalog/LookupTag > control-plane: Catalog/LookupTag`,
      `${handled} > data-plane: Catalog/AdmitManifest > control-plane: Catalog/AdmitManifest`,
      `${handled} > data-plane: upstream get-manifest`,
    ]),
  );
  expect(all.every((path) => path === edge || path.startsWith(`${edge} > `))).toBe(true);

  const read = receiver.spans.find(
    ({ name, service }) => name.endsWith('/ReadBlob') && service === 'layover-data-plane',
  )!;
  const fill = receiver.spans.find(({ name }) => name === 'fill')!;
  expect(fill).toMatchObject({ parentSpanId: '', links: [{ traceId: read.traceId, spanId: read.spanId }] });
  expect(fill.traceId).not.toBe(read.traceId);
  expect(tree(receiver.spans, fill.traceId)).toEqual([
    'data-plane: fill',
    'data-plane: fill > data-plane: upstream open-blob',
  ]);
  expect(receiver.text).not.toMatch(/secret|Bearer|Basic|team\/app|sha256|latest/);
});

test('an upstream failure is an error with its key in the trace', async () => {
  await start();
  upstream.quirk({ path: '/manifests/', respond: { status: 503 } });
  expect((await send({ url: manifestUrl() })).status).toBeGreaterThanOrEqual(500);
  await layover.stop();
  const failed = receiver.spans
    .filter(({ status }) => status === 2)
    .map(({ name, attributes }) => [name, attributes['error.type']]);
  expect(failed).toEqual(
    expect.arrayContaining([
      ['upstream get-manifest', 'UPSTREAM_FAILED'],
      ['layover.v1.Registry/GetManifest', 'UPSTREAM_FAILED'],
    ]),
  );
});

test.each([
  ['', false],
  ['127.0.0.0/8', true],
])('the traceparent of a client is used depending on LAYOVER_TRUSTED_PROXIES=%j: %p', async (proxies, honoured) => {
  upstream.content.addImage('team/app', 'latest', image);
  await start(proxies === '' ? {} : { LAYOVER_TRUSTED_PROXIES: proxies });
  await send({ url: manifestUrl(), headers: { traceparent: CALLER } });
  await layover.stop();
  const root = receiver.spans.find(({ name }) => name.startsWith('GET /v2/'))!;
  expect(root.traceId === TRACE).toBe(honoured);
  expect(root.parentSpanId).toBe(honoured ? 'b'.repeat(16) : '');
});

test('an untrusted client cannot force sampling, and nothing is exported with sampling off', async () => {
  upstream.content.addImage('team/app', 'latest', image);
  await start({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' });
  expect((await send({ url: manifestUrl(), headers: { traceparent: CALLER } })).status).toBe(200);
  await layover.stop();
  expect(receiver.requests).toBe(0);
});

test('nothing is exported without an endpoint', async () => {
  upstream.content.addImage('team/app', 'latest', image);
  await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
  expect((await send({ url: manifestUrl() })).status).toBe(200);
  await layover.stop();
  expect(receiver.requests).toBe(0);
});

test.each(['refuse', 'hang', 'away'] as const)(
  'a receiver that fails (%s) delays no pull, and the shutdown of Layover by no more than the limit',
  async (how) => {
    upstream.content.addImage('team/app', 'latest', image);
    await start({ LAYOVER_DRAIN_SECONDS: '0' });
    if (how === 'away') await receiver.close();
    else receiver.behave(how);
    // If each request waited for the receiver, the test would time out.
    for (let i = 0; i < 20; i += 1) expect((await send({ url: manifestUrl() })).status).toBe(200);
    await layover.stop();
    if (how === 'refuse') {
      const warnings = lines.filter(({ msg }) => msg === 'Sending traces failed; these spans are lost');
      expect(warnings.map(({ plane }) => plane).sort()).toEqual(['control', 'data', 'edge']);
    }
    if (how === 'away') receiver = await startOtlpReceiver();
  },
  30_000,
);

test('background work of the planes creates no traces', async () => {
  await start();
  await waitUntil('the organization on the data plane', async () => {
    const answer = await send({ url: `${layover.url}/v2/acme/none/manifests/none` });
    return answer.status === 404 && (await send({ url: `${layover.url}/readyz` })).status === 200;
  });
  await layover.stop();
  const names = new Set(receiver.spans.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name));
  expect([...names]).toEqual(['GET /v2/<name>/manifests/<reference>']);
});
