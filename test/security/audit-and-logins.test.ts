import { buildImage, startFakeRegistry, type FakeRegistry } from '../support/fake-registry';
import { basicAuthorization, type HttpAnswer, send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';

const ATTACKER = '198.51.100.66';
const OFFICE = '203.0.113.10';

let upstream: FakeRegistry;
let layover: InProcessLayover;
let robot: { username: string; password: string };

beforeEach(async () => {
  upstream = await startFakeRegistry();
  upstream.content.addImage('team/app', 'v1', buildImage({ layers: [100], seed: 'app' }));
  // The edge takes the addresses of clients from the test, as from a proxy.
  layover = await startLayoverInProcess({ env: { LAYOVER_TRUSTED_PROXIES: '127.0.0.1' } });
  const create = 'mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }';
  for (const [name, visibility] of [
    ['vault', 'PRIVATE'],
    ['open', 'PUBLIC'],
  ])
    await layover.graphql.run(create, {
      i: { name, visibility, proxyCache: { upstream: upstream.host, insecure: true } },
    });
  const { createRobot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
    'mutation { createRobot(organization: "vault", name: "ci") { username secret } }',
  );
  robot = { username: createRobot.username, password: createRobot.secret };
  await waitUntil('the robot', async () => (await login(robot, OFFICE)).status === 200);
});
afterEach(async () => {
  await layover.stop();
  await upstream.close();
});

/** Sends a request with the address of a client. */
function get(path: string, address: string, authorization?: string): Promise<HttpAnswer> {
  const headers = { 'X-Forwarded-For': address, ...(authorization === undefined ? {} : { authorization }) };
  return send({ url: `${layover.url}${path}`, headers });
}
const login = (credentials: { username: string; password: string }, address: string): Promise<HttpAnswer> =>
  get('/token?service=layover', address, basicAuthorization(credentials));

interface Event {
  readonly organization: string | null;
  readonly clientAddress: string | null;
  readonly count: number;
  readonly detail: string;
}
async function events(kind: 'PULL' | 'ROBOT_LOGIN_FAILED', address = ATTACKER): Promise<readonly Event[]> {
  const { auditEvents } = await layover.graphql.run<{ auditEvents: { edges: { node: Event }[] } }>(
    `{ auditEvents(filter: {kinds: [${kind}]}, first: 200) { edges { node { organization clientAddress count detail } } } }`,
  );
  return auditEvents.edges.map(({ node }) => node).filter(({ clientAddress }) => clientAddress === address);
}
const sum = (all: readonly Event[]): number => all.reduce((total, { count }) => total + count, 0);

async function ask(count: number, request: (at: number) => Promise<HttpAnswer>): Promise<void> {
  for (let at = 0; at < count; at += 20)
    await Promise.all(Array.from({ length: Math.min(20, count - at) }, (_none, offset) => request(at + offset)));
}

test('anonymous refused requests write a few audit rows that count all of them', async () => {
  await ask(200, (at) => get(`/v2/vault/team/app/manifests/v${at}`, ATTACKER));
  await ask(200, (at) => get(`/v2/guess-${at}/team/app/manifests/v1`, ATTACKER));
  await ask(100, (at) => get(`/v2/open/team/app/manifests/guess-${at}`, ATTACKER));
  await layover.stopPlane('data');
  const all = await events('PULL');
  const rows = (organization: string | null): readonly Event[] =>
    all.filter((event) => event.organization === organization);
  expect(sum(all)).toBe(500);
  expect(all.length).toBeLessThan(40);
  expect([sum(rows('vault')), sum(rows('open'))]).toEqual([200, 100]);
  expect(JSON.parse(rows('vault').find(({ count }) => count > 1)!.detail)).toMatchObject({
    errors: [{ code: 'UNAUTHORIZED', httpStatus: 401 }],
    references: expect.arrayContaining([expect.stringMatching(/^vault\/team\/app:v\d+$/)]) as unknown,
  });
});

test('failed robot logins are on record on every way in, without the secret', async () => {
  const wrong = { username: 'vault+ci', password: 'lyr_guessed-secret' };
  await login(wrong, ATTACKER);
  await get('/v2/', ATTACKER, basicAuthorization(wrong));
  await get('/v2/vault/team/app/manifests/v1', ATTACKER, basicAuthorization(wrong));
  await get('/v2/vault/team/app/tags/list', ATTACKER, basicAuthorization(wrong));
  await login({ username: 'vault+nobody', password: wrong.password }, ATTACKER);
  await layover.stopPlane('data');
  const all = await events('ROBOT_LOGIN_FAILED');
  expect(sum(all)).toBe(5);
  const claimed = all.map(
    ({ organization, detail }) => `${organization} ${(JSON.parse(detail) as { robot: string }).robot}`,
  );
  expect([...new Set(claimed)].sort()).toEqual(['vault vault+ci', 'vault vault+nobody']);
  expect(JSON.stringify(all)).not.toContain('guessed');
});

test('repeated wrong logins are slowed down and refused, and the robot still logs in from elsewhere', async () => {
  const answers: HttpAnswer[] = [];
  for (let count = 0; count < 40 && answers.at(-1)?.status !== 429; count += 1)
    answers.push(await login({ ...robot, password: `guess-${count}` }, ATTACKER));
  const refused = answers.at(-1)!;
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(answers.length).toBeLessThan(20);
  // The right secret is not checked either, so guessing does not continue.
  expect((await login(robot, ATTACKER)).status).toBe(429);
  expect((await get('/v2/', ATTACKER, basicAuthorization(robot))).status).toBe(429);
  expect((await login(robot, OFFICE)).status).toBe(200);
  expect((await login(robot, '203.0.113.11')).status).toBe(200);
}, 40_000);

test('wrong API tokens are slowed down and refused, and a token that was valid before still works', async () => {
  const api = (token: string): Promise<HttpAnswer> =>
    send({
      method: 'POST',
      url: `${layover.controlUrl}/graphql`,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: Buffer.from('{"query":"{ viewer { name } }"}'),
    });
  const answers: HttpAnswer[] = [];
  for (let count = 0; count < 40 && answers.at(-1)?.status !== 429; count += 1)
    answers.push(await api(`lyt_guess-${count}`));
  expect(answers.at(-1)!.status).toBe(429);
  expect(Number(answers.at(-1)!.headers['retry-after'])).toBeGreaterThan(0);
  expect(await layover.graphql.run('{ viewer { name } }')).toEqual({ viewer: { name: 'admin' } });
}, 40_000);
