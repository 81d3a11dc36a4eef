import { buildImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { type ContainersHome, containersHome } from '../support/real/containers-home';
import { basicAuthorization, type HttpAnswer, send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { type Podman, podmanIn } from '../support/real/podman';
import { describeWith } from '../support/real/programs';
import { runProgram } from '../support/real/run-program';
import { waitUntil } from '../support/real/wait-until';

const HOST = 'hub.layover.test';

let upstream: FakeRegistry;
let layover: InProcessLayover;
let robot: { readonly username: string; readonly secret: string };

const PUBLIC = ['open-source/team/tool', 'open/library/alpine', 'open/team/app'];
const EVERYTHING = [...PUBLIC, 'vault/team/secret'];

async function token(authorization?: string, scope = 'registry:catalog:*'): Promise<string> {
  const { body } = await send({
    url: `${layover.url}/token?service=layover&scope=${encodeURIComponent(scope)}`,
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  });
  return `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}`;
}

const list = (authorization: string, query = '', host?: string): Promise<HttpAnswer> =>
  send({
    url: `${layover.url}/v2/_catalog${query}`,
    headers: { ...(authorization === '' ? {} : { authorization }), ...(host === undefined ? {} : { host }) },
  });
const names = ({ body }: HttpAnswer): unknown =>
  (JSON.parse(body.toString()) as { repositories?: unknown }).repositories;
const basic = (): string => basicAuthorization({ username: robot.username, password: robot.secret });

beforeAll(async () => {
  upstream = await startFakeRegistry();
  layover = await startLayoverInProcess({
    env: { LAYOVER_ORGANIZATION_HOSTS: `${HOST}=open,vault.layover.test=vault` },
  });
  const pulled = [
    ['open', 'library/alpine'],
    ['open', 'team/app'],
    ['open-source', 'team/tool'],
    ['vault', 'team/secret'],
  ] as const;
  for (const [name, visibility] of [
    ['open', 'PUBLIC'],
    ['open-source', 'PUBLIC'],
    ['vault', 'PRIVATE'],
    ['other', 'PRIVATE'],
  ]) {
    const proxyCache = { upstream: upstream.host, insecure: true, completeImages: false };
    await layover.graphql.run('mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }', {
      i: { name, visibility, proxyCache },
    });
  }
  const { createRobot } = await layover.graphql.run<{ createRobot: typeof robot }>(
    'mutation { createRobot(organization: "vault", name: "ci") { username secret } }',
  );
  robot = createRobot;
  for (const [organization, repository] of pulled) {
    upstream.content.addImage(repository, 'v1', buildImage({ seed: repository }));
    await waitUntil(`${organization}/${repository} to be pulled`, async () => {
      const url = `${layover.url}/v2/${organization}/${repository}/manifests/v1`;
      const login = organization === 'vault' ? { headers: { authorization: basic() } } : {};
      return (await send({ url, ...login })).status === 200;
    });
  }
}, 60_000);
afterAll(async () => {
  await layover?.stop();
  await upstream?.close();
}, 60_000);

describe('GET /v2/_catalog', () => {
  test('asks for a token, which everybody gets, and lists public organizations', async () => {
    const refused = await list('');
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toBe(
      `Bearer realm="${layover.url}/token",service="layover",scope="registry:catalog:*"`,
    );
    const answer = await list(await token());
    expect([answer.status, names(answer)]).toEqual([200, PUBLIC]);
  });

  test('lists the private organization of a robot too, with its secret or a token', async () => {
    for (const authorization of [basic(), await token(basic())])
      expect(names(await list(authorization))).toEqual(EVERYTHING);
  });

  test('continues at its own links until there is none', async () => {
    const seen: unknown[] = [];
    const authorization = await token(basic());
    for (let query = '?n=1'; query !== '';) {
      const answer = await list(authorization, query);
      seen.push(...(names(answer) as string[]));
      query = /^<\/v2\/_catalog(\?.*)>; rel="next"$/.exec(String(answer.headers.link))?.[1] ?? '';
    }
    expect(seen).toEqual(EVERYTHING);
  });

  test('lists one organization under its own names at its host name', async () => {
    expect(names(await list(await token(), '', HOST))).toEqual(['library/alpine', 'team/app']);
    expect(names(await list(basic(), '', 'vault.layover.test'))).toEqual(['team/secret']);
    expect((await list(await token(), '', 'vault.layover.test')).status).toBe(401);
  });
});

describeWith(['podman', 'crane', 'regctl'], 'clients that list repositories', () => {
  let home: ContainersHome;
  let podman: Podman;

  beforeAll(async () => {
    home = await containersHome([layover.host]);
    podman = podmanIn(home);
    const plain = ['registry', 'set', layover.host, '--tls', 'disabled', '--skip-check'];
    expect(await runProgram('regctl', plain, { env: home.env })).toMatchObject({ code: 0 });
  });
  afterAll(() => home?.remove());

  const lines = async (program: string, ...args: string[]): Promise<string[]> => {
    const result = await runProgram(program, args, { env: home.env });
    expect(result).toMatchObject({ code: 0 });
    return result.stdout.toString().trim().split('\n');
  };

  const login = async (program: string, ...args: string[]): Promise<void> => {
    expect(await runProgram(program, args, { env: home.env })).toMatchObject({ code: 0 });
  };

  test('list public organizations without a login', async () => {
    expect(await lines('crane', 'catalog', '--insecure', layover.host)).toEqual(PUBLIC);
    expect(await lines('regctl', 'repo', 'ls', layover.host)).toEqual(PUBLIC);
    const found = await lines('podman', 'search', '--format', '{{.Name}}', `${layover.host}/`);
    expect(found).toEqual(PUBLIC.map((name) => `${layover.host}/${name}`));
  }, 60_000);

  test('list the private organization with the login of its robot', async () => {
    const { username, secret } = robot;
    await podman.login(layover.host, username, secret);
    const found = await lines('podman', 'search', '--format', '{{.Name}}', `${layover.host}/`);
    expect(found).toEqual(EVERYTHING.map((name) => `${layover.host}/${name}`));
    await login('crane', 'auth', 'login', '--insecure', '-u', username, '-p', secret, layover.host);
    expect(await lines('crane', 'catalog', '--insecure', layover.host)).toEqual(EVERYTHING);
    await login('regctl', 'registry', 'login', layover.host, '-u', username, '-p', secret);
    expect(await lines('regctl', 'repo', 'ls', layover.host)).toEqual(EVERYTHING);
  }, 60_000);
});

test('GET /v2/_catalog fails with 503 while the control plane is down, and works again afterwards', async () => {
  const authorization = await token();
  await layover.stopPlane('control');
  const answer = await list(authorization);
  expect([answer.status, names(answer)]).toEqual([503, undefined]);
  await layover.startPlane('control');
  await waitUntil('the list', async () => (await list(authorization)).status === 200);
  expect(names(await list(authorization))).toEqual(PUBLIC);
}, 60_000);
