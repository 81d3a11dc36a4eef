import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openRequest, basicAuthorization, type HttpAnswer, type HttpRequest, send } from '../support/real/http-client';
import { type Nginx, NGINX_PROGRAMS, startNginx } from '../support/real/nginx';
import { type Podman, podmanIn } from '../support/real/podman';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage } from '../support/real/push-image';
import { runProgram } from '../support/real/run-program';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';
import { digestOf } from '../../common/oci/digest';
import { containersHome, type ContainersHome } from '../support/real/containers-home';

const SECRET = 'secret-of-nginx'.padEnd(40, '.');
const MIB = 1024 * 1024;
const IMAGE = 'team/app';

describeWith([...STAGE_PROGRAMS, ...NGINX_PROGRAMS], 'nginx in front of Layover', () => {
  let stage: Stage;
  let nginx: Nginx;
  let home: ContainersHome;
  let podman: Podman;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage({
      env: {
        LAYOVER_EDGE_OFFLOAD: 'x-accel',
        LAYOVER_EDGE_OFFLOAD_SECRET: SECRET,
        LAYOVER_TRUSTED_PROXIES: '127.0.0.1',
      },
    });
    nginx = await startNginx({ edge: stage.layover.host, secret: SECRET, home: stage.layover.home });
    home = await containersHome([]);
    podman = podmanIn(home, nginx.certDir);
    image = await pushImage(stage.upstream, {
      repository: IMAGE,
      tag: 'v1',
      layers: [{ seed: 'nginx', tarBytes: 8 * MIB, compressed: false }],
    });
    await stage.createOrganization('open');
  }, 60_000);
  afterAll(async () => {
    await nginx?.stop();
    await stage?.stop();
    await home?.remove();
  }, 60_000);

  const get = (path: string, more: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
    send({ url: `${nginx.url}${path}`, ca: nginx.ca, ...more });
  const layer = (organization = 'open'): string => `/v2/${organization}/${IMAGE}/blobs/${image.layers[0]!.digest}`;
  async function counted(series: string): Promise<number> {
    const text = (await send({ url: `${stage.layover.url}/metrics` })).body.toString();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  }
  const offloaded = (): Promise<number> => counted('layover_edge_deliveries_total{delivery="offload"}');
  /** Returns the bytes that were served for an organization, as far as the records have arrived. */
  async function served(name: string): Promise<number> {
    const { organization } = await stage.layover.graphql.run<{
      organization: { statistics: { bytesServed: string } };
    }>('query ($n: String!) { organization(name: $n) { statistics { bytesServed } } }', { n: name });
    return Number(organization.statistics.bytesServed);
  }

  test('passes a cold blob on while it is fetched, and sends it itself when it is stored', async () => {
    const { digest, size } = image.layers[0]!;
    const hold = stage.relay.holdBody(digest, 4 * MIB);
    const answer = await openRequest({ url: `${nginx.url}${layer()}`, ca: nginx.ca });
    await hold.reached;
    expect([answer.statusCode, answer.headers['x-layover-cache']]).toEqual([200, 'MISS']);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      // Bytes arrive while the upstream still holds the rest.
      hold.release();
    }
    expect(digestOf(Buffer.concat(chunks))).toBe(digest);
    await waitUntil('an answer of nginx', async () => {
      const before = await offloaded();
      const again = await get(layer());
      expect([again.status, digestOf(again.body)]).toEqual([200, digest]);
      return (await offloaded()) > before;
    });
    expect(stage.relay.bytesOf(digest)).toBe(size);
  });

  test('resumes a broken download', async () => {
    const before = await offloaded();
    const whole = (await get(layer())).body;
    const rest = await get(layer(), { headers: { Range: `bytes=${5 * MIB}-` } });
    expect([rest.status, rest.headers['content-range']]).toEqual([
      206,
      `bytes ${5 * MIB}-${whole.length - 1}/${whole.length}`,
    ]);
    expect(rest.body.equals(whole.subarray(5 * MIB))).toBe(true);
    expect(await offloaded()).toBe(before + 2);
  });

  test('is used by podman and skopeo', async () => {
    const before = await offloaded();
    const reference = `${nginx.host}/open/${IMAGE}:v1`;
    await podman.pull(reference);
    expect(await podman.digestOf(reference)).toBe(image.digest);
    const copied = await runProgram(
      'skopeo',
      [
        '--policy',
        home.policy,
        'copy',
        '--src-cert-dir',
        nginx.certDir,
        `docker://${reference}`,
        `dir:${home.path}/copy`,
      ],
      { env: home.env },
    );
    expect([copied.code, copied.stderr]).toEqual([0, '']);
    expect(await offloaded()).toBeGreaterThanOrEqual(before + 2);
    const pulls = await waitUntil('the records', async () => {
      const found = await stage.layover.graphql.pulls('open');
      return found.length >= 2 && found;
    });
    expect(new Set(pulls.map(({ clientAddress }) => clientAddress))).toEqual(new Set(['127.0.0.1']));
  }, 60_000);

  test('a private organization needs a token, with which nginx sends the blob', async () => {
    await stage.layover.graphql.run('mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }', {
      i: { name: 'vault', visibility: 'PRIVATE', proxyCache: { upstream: stage.relay.host, insecure: true } },
    });
    const { createRobot: robot } = await stage.layover.graphql.run<{
      createRobot: { username: string; secret: string };
    }>('mutation { createRobot(organization: "vault", name: "ci") { username secret } }');
    const refused = await get(layer('vault'));
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain(`realm="${nginx.url}/token"`);
    const token = await waitUntil('the robot', async () => {
      const scope = encodeURIComponent(`repository:vault/${IMAGE}:pull`);
      const authorization = basicAuthorization({ username: robot.username, password: robot.secret });
      const answer = await get(`/token?service=layover&scope=${scope}`, { headers: { Authorization: authorization } });
      return answer.status === 200 && (JSON.parse(answer.body.toString()) as { token: string }).token;
    });
    const headers = { Authorization: `Bearer ${token}` };
    await get(`/v2/vault/${IMAGE}/manifests/v1`, { headers: { ...headers, Accept: image.mediaType } });
    await get(layer('vault'), { headers });
    const before = await offloaded();
    const answer = await get(layer('vault'), { headers });
    expect([answer.status, digestOf(answer.body)]).toEqual([200, image.layers[0]!.digest]);
    expect(answer.headers).toMatchObject({ 'cache-control': 'private', vary: 'Authorization' });
    expect(await offloaded()).toBe(before + 1);
  });

  test('answers for a blob whose file was deleted: it is fetched again', async () => {
    const file = storedFile(stage.layover.home, image.layers[0]!.digest);
    rmSync(file);
    stage.relay.reset();
    const answer = await get(layer());
    expect([answer.status, digestOf(answer.body)]).toEqual([200, image.layers[0]!.digest]);
    expect(stage.relay.bytesOf(image.layers[0]!.digest)).toBe(image.layers[0]!.size);
  });

  test('counts the bytes that nginx sends as served', async () => {
    await stage.createOrganization('counted');
    const { size } = image.layers[0]!;
    const before = await offloaded();
    for (const headers of [{ Range: 'bytes=0-' }, { Range: 'bytes=-100' }]) await get(layer('counted'), { headers });
    expect(await offloaded()).toBe(before + 2);
    await waitUntil('the statistics', async () => (await served('counted')) === size + 100, 30_000);
  }, 60_000);
});

/** Returns the file of a blob in the directory store of a home. */
function storedFile(home: string, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  const found = readdirSync(join(home, 'blobs'), { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isFile() && entry.name === hex,
  );
  if (found === undefined) throw new Error(`${digest} is not stored`);
  return join(found.parentPath, found.name);
}
