import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';
import { makeCertificates } from '../support/fake-registry/certificates';
import { startBlobClient } from '../support/real/blob-client';
import { containersHome } from '../support/real/containers-home';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { type Distribution, startDistribution } from '../support/real/distribution';
import { freePort } from '../support/real/free-port';
import { send } from '../support/real/http-client';
import { layoverEnvironment, type PlaneName, type RunningLayover, startLayover } from '../support/real/layover';
import { isAlive } from '../support/real/process-tree';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { runProgram } from '../support/real/run-program';
import { skopeoIn } from '../support/real/skopeo';
import { STAGE_PROGRAMS } from '../support/real/stage';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';

const MIB = 1024 * 1024;
/** With so many blobs, each of two data planes owns at least one in all but one of 16,000 runs. */
const LAYERS = 14;

describeWith(STAGE_PROGRAMS, 'npm start with two edges and two data planes', () => {
  let upstream: Distribution;
  let relay: CountingRelay;
  let folder: TemporaryFolder;
  let layover: RunningLayover;
  let image: PushedImage;
  let operations: string;

  const start = (count: number): Promise<RunningLayover> =>
    startLayover({
      home: folder.path,
      env: {
        LAYOVER_EDGES: String(count),
        LAYOVER_DATA_PLANES_LOCAL: String(count),
        LAYOVER_DATA_HTTP_LISTEN: operations,
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
      },
    });

  beforeAll(async () => {
    upstream = await startDistribution();
    relay = await startCountingRelay(upstream.url);
    folder = await temporaryFolder('cores');
    operations = `127.0.0.1:${await freePort()}`;
    layover = await start(2);
    await layover.graphql.createOrganization('acme', { upstream: relay.host });
    const layers = Array.from({ length: LAYERS }, (_, i) => smallLayer(`cores ${i}`));
    image = await pushImage(upstream, { repository: 'cores/image', tag: 'v1', layers });
    await waitUntil('the organization', async () => (await get('manifests/v1')).status === 200);
    await completed();
  }, 90_000);

  afterAll(async () => {
    await layover?.stop();
    await relay?.close();
    await upstream?.stop();
    await folder?.remove();
  }, 60_000);

  const get = (path: string): ReturnType<typeof send> => send({ url: `${layover.url}/v2/acme/cores/image/${path}` });
  const completed = (): Promise<unknown> =>
    waitUntil('a complete image', async () => {
      const state = await layover.graphql.completeness('acme', 'cores/image', image.digest);
      return state === 'COMPLETE';
    });
  const hexOf = (digest: string): string => digest.slice('sha256:'.length);
  const blobsIn = async (...home: readonly string[]): Promise<string[]> => {
    const entries = await readdir(join(folder.path, ...home, 'blobs'), { recursive: true, withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    return image.layers.map(({ digest }) => hexOf(digest)).filter((hex) => names.includes(hex));
  };
  const kill = async (plane: PlaneName): Promise<void> => {
    const before = layover.planePids(plane);
    process.kill(before[1]!, 'SIGKILL');
    await waitUntil(`the restart of one ${plane}`, () => {
      const now = layover.planePids(plane);
      return now.length === 2 && !now.includes(before[1]!);
    });
  };

  test('says what it runs, and fetches each blob once, to one of the data planes', async () => {
    expect(layover.output()).toContain('It runs 2 edges, 2 data planes and a control plane.');
    for (const { digest } of image.layers) expect((await get(`blobs/${digest}`)).status).toBe(200);
    const [first, second] = [await blobsIn(), await blobsIn('data-2')];
    expect(first.length).toBeGreaterThan(0);
    expect(second.length).toBeGreaterThan(0);
    expect([...first, ...second].sort()).toEqual(image.layers.map(({ digest }) => hexOf(digest)).sort());
    const fetched = relay.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));
    expect(new Set(fetched.map(({ path }) => path)).size).toBe(fetched.length);
  });

  test('serves a real client', async () => {
    const clients = await containersHome([layover.host]);
    try {
      const copied = await skopeoIn(clients).copy(`${layover.host}/acme/cores/image:v1`);
      expect(copied.manifest.equals(image.manifest)).toBe(true);
    } finally {
      await clients.remove();
    }
  }, 30_000);

  test('answers /metrics and /readyz for all processes of a plane', async () => {
    const requestsOf = (text: string, process: number): number =>
      [...text.matchAll(new RegExp(`^layover_edge_requests_total\\{process="${process}",.* (\\d+)$`, 'gm'))]
        .map(([, count]) => Number(count))
        .reduce((sum, count) => sum + count, 0);
    const edges = (await send({ url: `${layover.url}/metrics` })).body.toString();
    expect(requestsOf(edges, 1)).toBeGreaterThan(0);
    expect(requestsOf(edges, 2)).toBeGreaterThan(0);
    expect(edges).toMatch(/^layover_edge_data_planes\{process="1"\} 2\nlayover_edge_data_planes\{process="2"\} 2$/m);
    const data = (await send({ url: `http://${operations}/metrics` })).body.toString();
    expect(data).toMatch(/^layover_data_ready\{process="1"\} 1\nlayover_data_ready\{process="2"\} 1$/m);

    const [hung] = layover.planePids('edge-http');
    process.kill(hung!, 'SIGSTOP');
    try {
      await waitUntil('a refusal', async () => {
        const signal = AbortSignal.timeout(10_000);
        const { status, body } = await send({ url: `${layover.url}/readyz`, signal }).catch(() => ({
          status: 0,
          body: '',
        }));
        return status === 503 && body.toString().includes('process 1: no answer');
      });
    } finally {
      process.kill(hung!, 'SIGCONT');
    }
    await waitUntil('readiness', async () => (await send({ url: `${layover.url}/readyz` })).status === 200);
    expect((await send({ url: `http://${operations}/readyz` })).status).toBe(200);
  }, 60_000);

  test('restarts an edge that is killed, and the other one answers meanwhile', async () => {
    let running = true;
    const statuses: number[] = [];
    const pulling = (async () => {
      while (running) statuses.push((await get('manifests/v1').catch(() => ({ status: 0 }))).status);
    })();
    await kill('edge-http');
    running = false;
    await pulling;
    expect(statuses.length).toBeGreaterThan(0);
    // At most the connection of the killed edge is cut.
    expect(statuses.filter((status) => status !== 200).length).toBeLessThanOrEqual(1);
    expect(layover.output()).toContain('edge-http 2 ended unexpectedly (signal SIGKILL)');
  }, 30_000);

  test('restarts a data plane that is killed, and no pull fails', async () => {
    let running = true;
    const statuses = new Set<number>();
    const pulling = (async () => {
      for (let i = 0; running; i += 1) {
        statuses.add((await get('manifests/v1')).status);
        statuses.add((await get(`blobs/${image.layers[i % LAYERS]!.digest}`)).status);
      }
    })();
    await kill('data-plane');
    await waitUntil('both data planes', async () => {
      const { body } = await send({ url: `${layover.url}/metrics` });
      return (body.toString().match(/^layover_edge_data_planes\{.*\} 2$/gm) ?? []).length === 2;
    });
    running = false;
    await pulling;
    expect([...statuses]).toEqual([200]);
    expect(layover.output()).toContain('data-plane 2 ended unexpectedly (signal SIGKILL)');
  }, 60_000);

  test('is checked by fsck with all data planes', async () => {
    const { LAYOVER_DATA_PLANES_LOCAL: _, ...env } = layoverEnvironment(folder.path);
    const result = await runProgram('npm', ['run', '--silent', 'fsck', '--', '--quick'], { cwd: packageRoot(), env });
    expect(result.stderr.toString() + result.stdout.toString()).toContain('2 data planes');
    expect(result.code).toBe(0);
  }, 60_000);

  test('finishes running responses when it is stopped', async () => {
    const layer = { seed: 'stopped', tarBytes: 4 * MIB, compressed: false };
    const large = await pushImage(upstream, { repository: 'cores/image', tag: 'large', layers: [layer] });
    const { digest, size } = large.layers[0]!;
    // Before the manifest, because the data plane fetches the layers of an image that it has.
    const hold = relay.holdBody(digest, 2 * MIB);
    await get('manifests/large');
    const client = startBlobClient({ url: `${layover.url}/v2/acme/cores/image/blobs/${digest}` });
    await hold.reached;
    await client.started;
    // A terminal sends Ctrl-C to the edges too, which leave the decision to their parent.
    for (const pid of layover.planePids('edge-http')) process.kill(pid, 'SIGINT');
    const ended = layover.terminate();
    await waitUntil('the refusal of connections', async () =>
      get('manifests/v1').then(
        () => false,
        () => true,
      ),
    );
    hold.release();
    expect(await client.done).toEqual({ status: 200, bytes: size, digest });
    expect(await ended).toEqual({ code: 0, signal: null });
    layover = await start(2);
    await waitUntil('the image', async () => (await get('manifests/v1')).status === 200);
  }, 60_000);

  test('finishes running responses when its parent is killed, and leaves no process behind', async () => {
    const layer = { seed: 'orphaned', tarBytes: 4 * MIB, compressed: false };
    const large = await pushImage(upstream, { repository: 'cores/image', tag: 'orphaned', layers: [layer] });
    const { digest, size } = large.layers[0]!;
    // Before the manifest, because the data plane fetches the layers of an image that it has.
    const hold = relay.holdBody(digest, 2 * MIB);
    await get('manifests/orphaned');
    const client = startBlobClient({ url: `${layover.url}/v2/acme/cores/image/blobs/${digest}` });
    await hold.reached;
    await client.started;
    const planes: readonly PlaneName[] = ['edge-http', 'data-plane', 'control-plane'];
    const pids = planes.flatMap((plane) => layover.planePids(plane));
    process.kill(layover.pid, 'SIGKILL');
    hold.release();
    expect(await client.done).toEqual({ status: 200, bytes: size, digest });
    await waitUntil('the end of all planes', () => !pids.some(isAlive), 30_000);
    layover = await start(2);
    await waitUntil('the image', async () => (await get('manifests/v1')).status === 200);
  }, 90_000);

  test('delivers the records of a data plane that is not started any more', async () => {
    // So many tags that both data planes get some of them.
    const tags = Array.from({ length: LAYERS }, (_, i) => `tag-${i}`);
    for (const tag of tags) {
      await pushImage(upstream, { repository: 'cores/image', tag, layers: [smallLayer('cores 0')] });
      expect((await get(`manifests/${tag}`)).status).toBe(200);
    }
    const before = (await layover.graphql.pulls('acme')).length;
    const control = layover.planePid('control-plane');
    const dataPlanes = layover.planePids('data-plane');
    process.kill(control, 'SIGSTOP');
    const answers = await Promise.all(tags.map((tag) => get(`manifests/${tag}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const ids = answers.map(({ headers }) => String(headers['x-request-id']));
    process.kill(layover.pid, 'SIGKILL');
    for (const pid of [...dataPlanes, control]) process.kill(pid, 'SIGKILL');
    await layover.stop();

    layover = await start(1);
    const recorded = await waitUntil('the records', async () => {
      const pulls = await layover.graphql.pulls('acme');
      return pulls.length >= before + ids.length && pulls;
    });
    expect(recorded.map(({ requestId }) => requestId)).toEqual(expect.arrayContaining(ids));
    expect(layover.planePids('data-plane')).toHaveLength(1);
    await waitUntil('the message', () =>
      layover.output().includes(`No data plane runs in ${join(folder.path, 'data-2')}. Its pull records are delivered`),
    );
    expect(layover.output()).toMatch(/Delivered \d+ pull records of \S+\/data-2\n/);
    expect(layover.output()).toContain('It runs 1 edge, 1 data plane and a control plane.');
    for (const { digest } of image.layers) expect((await get(`blobs/${digest}`)).status).toBe(200);
  }, 90_000);
});

describeWith(['openssl'], 'npm start with two edges and TLS', () => {
  test('serves HTTPS from both edges, on a port that the system chose', async () => {
    const folder = await temporaryFolder('cores-tls');
    const { ca, cert, key } = await makeCertificates();
    const [certFile, keyFile] = [join(folder.path, 'edge.pem'), join(folder.path, 'edge.key')];
    await writeFile(certFile, cert);
    await writeFile(keyFile, key, { mode: 0o600 });
    const env = { LAYOVER_EDGES: '2', LAYOVER_EDGE_TLS_CERT: certFile, LAYOVER_EDGE_TLS_KEY: keyFile };
    const layover = await startLayover({ env });
    try {
      const url = `https://${layover.host.replace('https://', '')}`;
      const get = (path: string): ReturnType<typeof send> => send({ url: `${url}${path}`, ca });
      for (let i = 0; i < 4; i += 1) expect((await get('/readyz')).status).toBe(200);
      const metrics = (await get('/metrics')).body.toString();
      for (const process of [1, 2])
        expect(metrics).toMatch(
          new RegExp(`^layover_edge_requests_total\\{process="${process}",endpoint="readyz"`, 'm'),
        );
    } finally {
      await layover.stop();
      await folder.remove();
    }
  }, 60_000);
});
