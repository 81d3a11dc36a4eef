import { MediaType } from '../../common/oci/media-types';
import { buildImage, startFakeRegistry, type FakeRegistry } from '../support/fake-registry';
import { basicAuthorization, type HttpAnswer, send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';

const CREATE = 'mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }';
const image = buildImage({ layers: [1000], seed: 'app', mediaTypes: 'docker' });
const layer = image.layers[0]!.digest;

let upstream: FakeRegistry;
let layover: InProcessLayover;
const robots: Record<string, { username: string; password: string }> = {};

beforeAll(async () => {
  upstream = await startFakeRegistry();
  upstream.content.addImage('team/app', 'v1', image);
  layover = await startLayoverInProcess();
  const proxyCache = { upstream: upstream.host, insecure: true };
  await layover.graphql.run(CREATE, {
    i: { name: 'vault', visibility: 'PRIVATE', proxyCache: { ...proxyCache, mirrorHost: upstream.host } },
  });
  await layover.graphql.run(CREATE, { i: { name: 'other', visibility: 'PRIVATE', proxyCache } });
  await layover.graphql.run(CREATE, { i: { name: 'open', proxyCache } });
  for (const organization of ['vault', 'other']) {
    const { createRobot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
      `mutation { createRobot(organization: "${organization}", name: "ci") { username secret } }`,
    );
    robots[organization] = { username: createRobot.username, password: createRobot.secret };
  }
  await waitUntil('the robots', async () => (await token('other', 'open')).length > 0);
});
afterAll(async () => {
  await layover.stop();
  await upstream.close();
});

const basic = (organization: string): string => basicAuthorization(robots[organization]!);
function get(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<HttpAnswer> {
  return send({ url: `${layover.url}${path}`, method, headers });
}
async function token(robot: string | undefined, organization: string): Promise<string> {
  const path = `/token?service=layover&scope=repository:${organization}/team/app:pull`;
  const answer = await get(path, robot === undefined ? {} : { authorization: basic(robot) });
  if (answer.status !== 200) return '';
  return (JSON.parse(answer.body.toString()) as { token: string }).token;
}

describe('a private organization looks like a missing one', () => {
  const PATHS = [
    'manifests/v1',
    `manifests/${image.digest}`,
    `blobs/${layer}`,
    'tags/list',
    `referrers/${image.digest}`,
  ];
  /** Returns all that a client sees, with the name of the organization replaced. */
  const seen = async (path: string, name: string, method: string, authorization?: string): Promise<string> => {
    const { status, headers, body } = await get(path, authorization === undefined ? {} : { authorization }, method);
    const { date: _date, 'x-request-id': _id, 'content-length': _length, ...others } = headers;
    return JSON.stringify([status, others, body.toString()]).replaceAll(name, 'NAME');
  };
  const senders: readonly (readonly [string, () => Promise<string | undefined>])[] = [
    ['anonymous clients', () => Promise.resolve(undefined)],
    ['an anonymous token', async () => `Bearer ${await token(undefined, 'vault')}`],
    ['a robot of another organization', () => Promise.resolve(basic('other'))],
    ['a token of another organization', async () => `Bearer ${await token('other', 'vault')}`],
  ];

  test.each(senders)('for %s, on every endpoint', async (_name, authorization) => {
    const as = await authorization();
    for (const path of PATHS)
      for (const method of ['GET', 'HEAD']) {
        const hidden = await seen(`/v2/vault/team/app/${path}`, 'vault', method, as);
        expect([path, hidden]).toEqual([path, expect.stringContaining('[401,') as string]);
        expect([path, await seen(`/v2/nobody/team/app/${path}`, 'nobody', method, as)]).toEqual([path, hidden]);
      }
  });

  test.each(senders)('for %s, by the host that it mirrors', async (_name, authorization) => {
    const as = await authorization();
    for (const path of PATHS) {
      const hidden = await seen(`/v2/team/app/${path}?ns=${upstream.host}`, upstream.host, 'GET', as);
      expect([path, hidden]).toEqual([path, expect.stringContaining('[401,') as string]);
      expect(hidden).not.toContain('vault');
      expect([path, await seen(`/v2/team/app/${path}?ns=nobody.test`, 'nobody.test', 'GET', as)]).toEqual([
        path,
        hidden,
      ]);
    }
  });

  test('in the tokens of the token endpoint', async () => {
    const access = async (robot: string | undefined, organization: string): Promise<unknown> => {
      const [, claims] = (await token(robot, organization)).split('.');
      return (JSON.parse(Buffer.from(claims!, 'base64url').toString()) as { access: unknown[] }).access.length;
    };
    expect(await access(undefined, 'vault')).toBe(await access(undefined, 'nobody'));
    expect(await access('other', 'vault')).toBe(await access('other', 'nobody'));
  });
});

test('answers of a private organization are private and vary with the credentials; others are not', async () => {
  const paths = [
    'manifests/v1',
    `manifests/${image.digest}`,
    `blobs/${layer}`,
    'tags/list',
    `referrers/${image.digest}`,
  ];
  const check = async (path: string, headers: Record<string, string>, method: string, status: number) => {
    const hidden = await get(`/v2/vault/team/app/${path}`, { ...headers, authorization: basic('vault') }, method);
    expect([path, method, hidden.status, hidden.headers['cache-control'], hidden.headers.vary]).toEqual([
      path,
      method,
      status,
      'private',
      'Authorization',
    ]);
    const open = await get(`/v2/open/team/app/${path}`, headers, method);
    expect([path, open.status, open.headers['cache-control'], open.headers.vary]).toEqual([
      path,
      status,
      undefined,
      undefined,
    ]);
  };
  for (const path of paths) {
    await check(path, {}, 'GET', 200);
    await check(path, {}, 'HEAD', 200);
  }
  await check(`blobs/${layer}`, { range: 'bytes=0-9' }, 'GET', 206);
  await check(`blobs/${layer}`, { 'if-none-match': `"${layer}"` }, 'GET', 304);
  await check('manifests/v1', { 'if-none-match': `"${image.digest}"` }, 'GET', 304);
});

test('metrics are never shown to a client that came through a proxy', async () => {
  expect((await get('/metrics')).status).toBe(200);
  for (const header of ['X-Forwarded-For', 'Forwarded', 'Via', 'X-Real-IP'])
    expect([
      header,
      (await get('/metrics', { [header]: header === 'Forwarded' ? 'for=127.0.0.1' : '127.0.0.1' })).status,
    ]).toEqual([header, 404]);
});

test('metrics on a listener of their own are not shown through a proxy either', async () => {
  await layover.stopPlane('edge');
  const separate = await startLayoverInProcess({ env: { LAYOVER_EDGE_METRICS_LISTEN: '127.0.0.1:0' } });
  try {
    const url = `http://${separate.edgeHttp()}/metrics`;
    expect((await send({ url })).status).toBe(200);
    expect((await send({ url, headers: { 'X-Forwarded-For': '192.0.2.1' } })).status).toBe(404);
    expect((await send({ url: `http://${separate.edgeHttp()}/readyz`, headers: { Via: '1.1 proxy' } })).status).toBe(
      200,
    );
  } finally {
    await separate.stop();
    await layover.startPlane('edge');
  }
});

describe('a Docker manifest whose Content-Type and mediaType disagree', () => {
  test.each([MediaType.ociManifest, MediaType.dockerManifestList, MediaType.ociIndex])(
    'is refused: %s',
    async (type) => {
      const name = `confused-${type.replace(/[^a-z]/g, '')}`;
      upstream.content.addImage(name, 'v1', buildImage({ layers: [10], seed: type, mediaTypes: 'docker' }));
      const quirk = upstream.quirk({ path: `/v2/${name}/`, headers: { 'Content-Type': type } });
      try {
        const answer = await get(`/v2/open/${name}/manifests/v1`);
        expect([answer.status, answer.body.toString()]).toEqual([502, expect.stringContaining('mediaType') as string]);
      } finally {
        quirk.remove();
      }
    },
  );
});

describe('an upstream that is Layover', () => {
  let second: InProcessLayover;
  const create = (at: InProcessLayover, name: string, to: InProcessLayover, organization: string) =>
    at.graphql.createOrganization(name, { upstream: `${to.host}/${organization}` });
  const pull = (at: InProcessLayover, organization: string): Promise<HttpAnswer> =>
    send({ url: `${at.url}/v2/${organization}/team/app/manifests/v1` });
  const known = (at: InProcessLayover, organization: string) =>
    waitUntil(organization, async () => {
      const answer = await send({ url: `${at.url}/v2/${organization}/team/none/manifests/${image.digest}` });
      return answer.status !== 401;
    });

  beforeAll(async () => {
    second = await startLayoverInProcess();
  });
  afterAll(() => second.stop());

  test('is refused if it is this Layover itself', async () => {
    await create(layover, 'self', layover, 'self');
    await known(layover, 'self');
    const answer = await pull(layover, 'self');
    expect(answer.status).toBe(508);
    expect(answer.body.toString()).toContain('this Layover');
  });

  test('is refused if it leads back through another Layover', async () => {
    await create(layover, 'there', second, 'back');
    await create(second, 'back', layover, 'there');
    await known(layover, 'there');
    await known(second, 'back');
    expect((await pull(layover, 'there')).status).toBe(508);
    expect((await pull(second, 'back')).status).toBe(508);
  });

  test('is allowed if it is another Layover', async () => {
    await create(second, 'chain', layover, 'open');
    await known(second, 'chain');
    const answer = await pull(second, 'chain');
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([200, image.digest]);
  });

  test('is refused after too many hops', async () => {
    const headers = { 'X-Layover-Hops': 'a, b, c, d' };
    const answer = await send({ url: `${layover.url}/v2/open/team/app/manifests/v1`, headers });
    expect(answer.status).toBe(508);
  });
});

test.each(['short', 'a'.repeat(31)])(
  'a start with the admin token "%s" fails and says how to make one',
  async (given) => {
    const started = startLayoverInProcess({ env: { LAYOVER_ADMIN_TOKEN: given } });
    await expect(started).rejects.toThrow(/LAYOVER_ADMIN_TOKEN.*32 to 256.*openssl rand/s);
    await expect(started).rejects.not.toThrow(given);
  },
);
