import { buildImage, createGate, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { startBlobClient } from '../../support/real/blob-client';
import { send } from '../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../support/real/layover-in-process';
import { waitUntil } from '../../support/real/wait-until';
import { metricsUrls, parseMetrics, sample, type Scrape, scrapeText } from './support/scrape';

const MIB = 1024 * 1024;
let upstream: FakeRegistry;
let layover: InProcessLayover;

beforeEach(async () => {
  upstream = await startFakeRegistry();
  layover = await startLayoverInProcess({
    env: {
      LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:0',
      LAYOVER_EDGE_METRICS_LISTEN: '127.0.0.1:0',
      LAYOVER_COMPLETION_DELAY_SECONDS: '0',
    },
  });
  await layover.graphql.createOrganization('hidden-org', { upstream: upstream.host, revalidateAfterSeconds: 3600 });
});
afterEach(async () => {
  await layover.stop();
  await upstream.close();
});

const scrape = async (plane: 'edge' | 'data' | 'control'): Promise<Scrape> =>
  parseMetrics(await scrapeText(metricsUrls(layover)[plane]));
const manifestUrl = (tag: string): string => `${layover.url}/v2/hidden-org/hidden-repo/manifests/${tag}`;
const blobUrl = (digest: string): string => `${layover.url}/v2/hidden-org/hidden-repo/blobs/${digest}`;

test('every plane counts a cold pull, a warm one and one of a missing tag, without names of images', async () => {
  const image = buildImage({ layers: [200_000], seed: 'metrics' });
  const [layer] = image.layers;
  upstream.content.addImage('hidden-repo', 'hidden-tag', image);
  const before = await scrape('data');
  expect((await send({ url: manifestUrl('hidden-tag') })).status).toBe(200);
  expect((await send({ url: manifestUrl('hidden-tag') })).status).toBe(200);
  expect((await send({ url: manifestUrl('absent') })).status).toBe(404);
  for (let i = 0; i < 2; i += 1) expect((await send({ url: blobUrl(layer!.digest) })).body.length).toBe(200_000);
  await waitUntil('the image to be complete', async () => {
    return sample(await scrape('data'), 'layover_data_fills_total', 'outcome="kept"') === 2;
  });

  const data = await scrape('data');
  const increaseOf = (name: string, labels = ''): number => sample(data, name, labels) - sample(before, name, labels);
  expect(increaseOf('layover_data_pulls_total', 'cache="MISS"')).toBe(1);
  expect(increaseOf('layover_data_pulls_total', 'cache="HIT"')).toBe(1);
  expect(increaseOf('layover_data_pulls_total', 'cache="ERROR"')).toBe(1);
  expect(increaseOf('layover_data_served_bytes_total')).toBe(400_000);
  const configSize = image.config.bytes.length;
  expect(increaseOf('layover_data_fetched_bytes_total')).toBe(200_000 + configSize);
  expect(sample(data, 'layover_data_upstream_requests_total', `upstream="${upstream.host}"`)).toBeGreaterThanOrEqual(3);
  expect(data.get('layover_data_upstream_errors_total')).toBeUndefined();
  expect(sample(data, 'layover_data_call_seconds_count', 'method="GetManifest",outcome="ok"')).toBe(2);
  expect(sample(data, 'layover_data_call_seconds_count', 'method="GetManifest",outcome="MANIFEST_UNKNOWN"')).toBe(1);
  expect(sample(data, 'layover_data_ready')).toBe(1);
  expect(sample(data, 'layover_data_disk_free_bytes')).toBeGreaterThan(0);

  const edge = await scrape('edge');
  expect(sample(edge, 'layover_edge_data_planes')).toBe(1);
  expect(sample(edge, 'layover_edge_cache_answers_total', 'endpoint="get-manifest",cache="HIT"')).toBe(1);
  const control = await waitUntil('the records to be delivered', async () => {
    const found = await scrape('control');
    return sample(found, 'layover_audit_events_total', 'kind="PULL"') === 3 && found;
  });
  expect(sample(control, 'layover_database_query_seconds_count')).toBeGreaterThan(10);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'])
    for (const one of [data, edge, control]) expect(one.has(name)).toBe(true);
  for (const url of Object.values(metricsUrls(layover))) expect(await scrapeText(url)).not.toMatch(/hidden-|sha256:/);
});

test('metrics show running streams and fills, and the bytes that wait for a slow client', async () => {
  const image = buildImage({ layers: [8 * MIB], seed: 'running' });
  const [layer] = image.layers;
  upstream.content.addImage('hidden-repo', 'latest', image);
  const gate = createGate();
  upstream.quirk({ path: `/blobs/${layer!.digest}`, gate, gateAtBytes: 4 * MIB });
  expect((await send({ url: manifestUrl('latest') })).status).toBe(200);
  const client = startBlobClient({ url: blobUrl(layer!.digest) });
  await waitUntil('half of the blob', async () => {
    const edge = await scrape('edge');
    return sample(edge, 'layover_edge_blob_bytes_total', 'delivery="local-file"') > 3 * MIB;
  });
  const data = await scrape('data');
  expect(sample(data, 'layover_data_fills_running')).toBe(1);
  expect(sample(data, 'layover_data_open_streams', 'method="ReadBlob"')).toBe(1);
  gate.open();
  expect((await client.done).digest).toBe(layer!.digest);
  await waitUntil('the streams and fills to end', async () => {
    const over = await scrape('data');
    return (
      sample(over, 'layover_data_fills_running') === 0 &&
      sample(over, 'layover_data_open_streams', 'method="ReadBlob"') === 0
    );
  });
  const edge = await scrape('edge');
  expect(sample(edge, 'layover_edge_blob_bytes_total', 'delivery="local-file"')).toBe(8 * MIB);
});

test('metrics show a failing upstream, and the rate limit that an upstream reports', async () => {
  upstream.content.addImage('hidden-repo', 'latest', buildImage({ seed: 'limits' }));
  upstream.rateLimit = { limit: '100;w=21600', remaining: '7;w=21600' };
  expect((await send({ url: manifestUrl('latest') })).status).toBe(200);
  const labels = `upstream="${upstream.host}"`;
  const data = await scrape('data');
  expect(sample(data, 'layover_data_upstream_rate_limit_remaining', labels)).toBe(7);
  expect(sample(data, 'layover_data_upstream_rate_limit', labels)).toBe(100);
  const host = upstream.host;
  await upstream.close();
  expect((await send({ url: manifestUrl('another') })).status).toBeGreaterThanOrEqual(500);
  const after = await scrape('data');
  // There may be more failures: background fills that ran when the upstream went down.
  const unreachable = `upstream="${host}",reason="UPSTREAM_UNREACHABLE"`;
  expect(sample(after, 'layover_data_upstream_errors_total', unreachable)).toBeGreaterThanOrEqual(1);
  upstream = await startFakeRegistry();
});
