import { buildImage, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { basicAuthorization, type HttpAnswer, send } from '../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../support/real/layover-in-process';
import { waitUntil } from '../../support/real/wait-until';

const nginx = buildImage({ seed: 'nginx' });
const dockerfile = buildImage({ seed: 'dockerfile' });
const etcd = buildImage({ seed: 'etcd' });

let layover: InProcessLayover;
let hub: FakeRegistry;
let quay: FakeRegistry;

const CREATE = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { name } }';

async function create(name: string, proxyCache: object, more: object = {}): Promise<void> {
  const input = { name, proxyCache: { insecure: true, completeImages: false, ...proxyCache }, ...more };
  await layover.graphql.run(CREATE, { input });
}

interface Ask {
  readonly host?: string;
  readonly authorization?: string;
}

function get(path: string, { host, authorization }: Ask = {}): Promise<HttpAnswer> {
  const headers = {
    ...(host === undefined ? {} : { host }),
    ...(authorization === undefined ? {} : { authorization }),
  };
  return send({ url: `${layover.url}${path}`, headers });
}

const digestOf = ({ headers }: HttpAnswer): unknown => headers['docker-content-digest'];
const linesOf = (registry: FakeRegistry): string[] => registry.takeRequests().map(({ line }) => line);

beforeAll(async () => {
  layover = await startLayoverInProcess({
    env: { LAYOVER_ORGANIZATION_HOSTS: 'hub.layover.test=docker,vault.layover.test=vault' },
  });
  hub = await startFakeRegistry();
  quay = await startFakeRegistry();
  hub.content.addImage('library/nginx', 'latest', nginx);
  hub.content.addImage('docker/dockerfile', '1', dockerfile);
  quay.content.addImage('coreos/etcd', 'v3', etcd);
  await create('docker', { upstream: hub.host, mirrorHost: 'docker.io' });
  await create('quay', { upstream: quay.host, mirrorHost: 'quay.io' });
  await create('plain', { upstream: quay.host, mirrorHost: null });
  await create('vault', { upstream: hub.host, mirrorHost: 'vault.test' }, { visibility: 'PRIVATE' });
  await waitUntil('the organizations to be known', async () => {
    const { status } = await get('/v2/library/nginx/manifests/latest', { host: 'hub.layover.test' });
    const { body } = await get('/v2/plain/coreos/etcd/tags/list');
    return status === 200 && body.toString().includes('v3');
  });
});
beforeEach(() => {
  hub.takeRequests();
  quay.takeRequests();
});
afterAll(async () => {
  await layover?.stop();
  await hub?.close();
  await quay?.close();
});

describe('a path that names the organization, with ns', () => {
  test('reaches the repository of Docker Hub, without a question for the longer name', async () => {
    const answer = await get('/v2/docker/library/nginx/manifests/latest?ns=docker.io');
    expect([answer.status, digestOf(answer)]).toEqual([200, nginx.digest]);
    for (const { digest } of [nginx.config, ...nginx.layers])
      expect((await get(`/v2/docker/library/nginx/blobs/${digest}?ns=index.docker.io`)).status).toBe(200);
    expect((await get('/v2/docker/library/nginx/tags/list?ns=docker.io')).body.toString()).toContain('latest');
    expect(linesOf(hub).filter((line) => line.includes('docker/library'))).toEqual([]);
  });

  test('reaches the namespace of the same name where the upstream has it', async () => {
    const answer = await get('/v2/docker/dockerfile/manifests/1?ns=docker.io');
    expect([answer.status, digestOf(answer)]).toEqual([200, dockerfile.digest]);
  });

  test('asks an upstream for the longer name once, and remembers', async () => {
    const answer = await get('/v2/quay/coreos/etcd/manifests/v3?ns=quay.io');
    expect([answer.status, digestOf(answer)]).toEqual([200, etcd.digest]);
    // The manifest, and whether a repository of this name exists.
    expect(linesOf(quay).filter((line) => line.includes('/quay/'))).toEqual([
      expect.stringContaining('/manifests/v3'),
      expect.stringContaining('/tags/list'),
    ]);
    for (const { digest } of [etcd.config, ...etcd.layers])
      expect((await get(`/v2/quay/coreos/etcd/blobs/${digest}?ns=quay.io`)).status).toBe(200);
    expect((await get('/v2/quay/coreos/etcd/manifests/v3?ns=quay.io')).status).toBe(200);
    const tags = await get('/v2/quay/coreos/etcd/tags/list?ns=quay.io&n=1');
    expect(JSON.parse(tags.body.toString())).toEqual({ name: 'quay/coreos/etcd', tags: ['v3'] });
    expect((await get(`/v2/quay/coreos/etcd/referrers/${etcd.digest}?ns=quay.io`)).status).toBe(200);
    expect(linesOf(quay).filter((line) => line.includes('/quay/'))).toEqual([]);
  });

  test('never replaces a repository by the one with the shorter name, whatever was asked before', async () => {
    quay.content.addImage('quay/a/app', 'latest', dockerfile);
    quay.content.addImage('a/app', 'latest', nginx);
    quay.content.addImage('a/app', 'only-here', nginx);
    const url = '/v2/quay/a/app/manifests';
    expect((await get(`${url}/only-here?ns=quay.io`)).status).toBe(404);
    expect(digestOf(await get(`${url}/latest?ns=quay.io`))).toBe(dockerfile.digest);
  });

  test('says what the longer name says if neither exists', async () => {
    const answer = await get('/v2/quay/coreos/none/manifests/v3?ns=quay.io');
    expect([answer.status, answer.body.toString()]).toEqual([404, expect.stringContaining('MANIFEST_UNKNOWN')]);
  });

  test('does not try the shorter name during an outage', async () => {
    quay.content.addImage('coreos/other', 'v1', etcd);
    const quirk = quay.quirk({ path: 'quay/coreos/other', respond: { status: 503 } });
    const answer = await get('/v2/quay/coreos/other/manifests/v1?ns=quay.io');
    quirk.remove();
    expect(answer.status).toBe(502);
  });
});

test.each(['registry.example', 'my_registry:5000'])(
  'an ns that nobody mirrors does not spoil a complete path, once the client has a token: %j',
  async (ns) => {
    const { token } = JSON.parse((await get('/token?service=layover')).body.toString()) as { token: string };
    const answer = await get(`/v2/plain/coreos/etcd/manifests/v3?ns=${ns}`, { authorization: `Bearer ${token}` });
    expect([answer.status, digestOf(answer)]).toEqual([200, etcd.digest]);
  },
);

test('the name of Layover itself is no mirror', async () => {
  const answer = await get(`/v2/plain/coreos/etcd/manifests/v3?ns=${layover.host}`);
  expect([answer.status, digestOf(answer)]).toEqual([200, etcd.digest]);
  expect(answer.headers['oci-namespace']).toBeUndefined();
});

test('the upstream of an organization without a mirror host is its ns', async () => {
  const answer = await get(`/v2/coreos/etcd/manifests/v3?ns=${quay.host}`);
  expect([answer.status, digestOf(answer), answer.headers['oci-namespace']]).toEqual([200, etcd.digest, quay.host]);
});

describe('a host name that stands for an organization', () => {
  const host = 'hub.layover.test';

  test('serves the whole registry at its root', async () => {
    expect(digestOf(await get('/v2/library/nginx/manifests/latest', { host }))).toBe(nginx.digest);
    expect(digestOf(await get('/v2/docker/dockerfile/manifests/1', { host: `${host}:8443` }))).toBe(dockerfile.digest);
    expect(digestOf(await get('/v2/library/nginx/manifests/latest?ns=docker.io', { host }))).toBe(nginx.digest);
    const tags = await get('/v2/library/nginx/tags/list', { host });
    expect(JSON.parse(tags.body.toString())).toEqual({ name: 'library/nginx', tags: ['latest'] });
  });

  test('of a private organization asks for a login, and opens with the token of its robot', async () => {
    const vault = { host: 'vault.layover.test' };
    const refused = await get('/v2/library/nginx/manifests/latest', vault);
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('scope="repository:library/nginx:pull"');
    const { createRobot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
      'mutation { createRobot(organization: "vault", name: "ci") { username secret } }',
    );
    const authorization = basicAuthorization({ username: createRobot.username, password: createRobot.secret });
    await waitUntil('the robot to be known', async () => {
      const path = '/token?service=layover&scope=repository:library/nginx:pull';
      const answer = await get(path, { ...vault, authorization });
      if (answer.status !== 200) return false;
      const { token } = JSON.parse(answer.body.toString()) as { token: string };
      const pulled = await get('/v2/library/nginx/manifests/latest', { ...vault, authorization: `Bearer ${token}` });
      return digestOf(pulled) === nginx.digest;
    });
  });
});
