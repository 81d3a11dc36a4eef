import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { PlaneChannelCredentials, secretCallCredentials } from '../../../common/grpc/plane-credentials';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { TestCatalog } from '../../support/control-plane/catalog-client';
import { basicAuthorization } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { asLatin1, formsOf } from './support/forms-of';
import { startWatchedLayover, type WatchedLayover } from './support/watched-layover';

const APPLY =
  'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { name version proxyCache { hasCredentials } } }';
const VALIDATE = 'mutation ($input: ProxyCacheInput!) { validateProxyCache(input: $input) { outcome message } }';
const PASSWORD = 'c4nary p@ss:w/örd+1%&"x\\';
const WRONG = 'c4nary-wrong?p4ss=word#2';
const ADMIN = 'c4nary-admin-token-0123456789-0123456789';
const MASTER = randomBytes(32);
const PREVIOUS = randomBytes(32);
const PLANES = 'c4nary-of-the-planes-0123456789abcdef';
const PLANES_BEFORE = 'c4nary-of-the-planes-before-0123456789';
/**
 * Files that may hold a secret. Here both secrets come from the environment, so the files do not
 * exist.
 */
const MAY_HOLD = ['keys/master-key', 'admin-token'];

let registry: FakeRegistry;
let layover: WatchedLayover;
const secrets = new Map<string, string | Buffer>([
  ['password', PASSWORD],
  ['wrong password', WRONG],
  ['basic of the password', `alice:${PASSWORD}`],
  ['admin token', ADMIN],
  ['master key', MASTER],
  ['previous master key', PREVIOUS],
  ['plane secret', PLANES],
  ['previous plane secret', PLANES_BEFORE],
]);
const upstreamTokens: string[] = [];

beforeAll(async () => {
  const users = { alice: { password: PASSWORD, repositories: 'all' as const } };
  registry = await startFakeRegistry({ auth: { kind: 'bearer', users } });
  registry.content.addImage('team/app', 'latest', buildImage());
  const issue = registry.auth.issue.bind(registry.auth);
  registry.auth.issue = (...args) => {
    const answer = issue(...args);
    if (typeof answer?.['token'] === 'string') upstreamTokens.push(answer['token']);
    return answer;
  };
  layover = await startWatchedLayover(ADMIN, {
    LAYOVER_MASTER_KEY: MASTER.toString('base64'),
    LAYOVER_MASTER_KEY_PREVIOUS: PREVIOUS.toString('base64'),
    LAYOVER_PLANE_SECRET: PLANES,
    LAYOVER_PLANE_SECRET_PREVIOUS: PLANES_BEFORE,
    LAYOVER_COMPLETION_DELAY_SECONDS: '0',
  });
});
afterAll(async () => {
  await layover.stop();
  await registry.close();
});

const proxyCache = (more: object = {}): object => ({
  upstream: registry.host,
  insecure: true,
  upstreamUsername: 'alice',
  upstreamPassword: PASSWORD,
  ...more,
});

/** Returns the places in which any form of a secret was found. */
function leaks(where: string, content: string): string[] {
  return [...secrets].flatMap(([name, secret]) =>
    formsOf(secret).some((form) => content.includes(form)) ? [`${name} in ${where}`] : [],
  );
}

test('a full run leaves secrets only where they belong', async () => {
  await layover.ask(APPLY, { input: { name: 'acme', visibility: 'PRIVATE', proxyCache: proxyCache() } });
  await layover.ask(APPLY, { input: { name: 'open', proxyCache: proxyCache() } });
  await layover.ask(APPLY, { input: { name: 'wrong', proxyCache: proxyCache({ upstreamPassword: WRONG }) } });
  await layover.ask(APPLY, { input: { name: 'tls', proxyCache: proxyCache({ insecure: false }) } });
  await layover.ask(APPLY, { input: { name: 'gone', proxyCache: proxyCache({ upstream: '127.0.0.1:1' }) } });

  // Secrets that Layover generates. The answer that shows each one is removed from the recorded
  // answers.
  const { createApiToken } = await layover.ask<{ createApiToken: { token: string } }>(
    'mutation { createApiToken(name: "c", role: READER, organization: "acme") { token } }',
  );
  layover.answers.pop();
  secrets.set('API token', createApiToken.token);
  const { createRobot } = await layover.ask<{ createRobot: { secret: string } }>(
    'mutation { createRobot(organization: "acme", name: "ci") { secret } }',
  );
  layover.answers.pop();
  secrets.set('robot secret', createRobot.secret);
  // A robot whose secret is rotated and that is deleted: neither secret may remain anywhere.
  const RETIRING = '(organization: "acme", name: "retiring") { secret }';
  for (const mutation of ['createRobot', 'rotateRobotSecret']) {
    const { robot } = await layover.ask<{ robot: { secret: string } }>(`mutation { robot: ${mutation}${RETIRING} }`);
    layover.answers.pop();
    secrets.set(`secret of ${mutation}`, robot.secret);
  }
  await layover.ask('mutation { deleteRobot(organization: "acme", name: "retiring") }');
  const { createApiToken: brief } = await layover.ask<{ createApiToken: { id: string; token: string } }>(
    'mutation { createApiToken(name: "brief", role: ADMIN) { id token } }',
  );
  layover.answers.pop();
  secrets.set('revoked API token', brief.token);
  await layover.ask('mutation ($id: ID!) { revokeApiToken(id: $id) }', { id: brief.id });
  const catalog = new TestCatalog(
    layover.catalogAddress,
    new PlaneChannelCredentials(credentials.createInsecure(), undefined, secretCallCredentials(PLANES)),
  );
  for (const { id, secret } of (await catalog.watch().snapshot()).tokenKeys)
    secrets.set(`token key ${id}`, Buffer.from(secret));
  catalog.close();

  // Successful and failing pulls.
  const robot = basicAuthorization({ username: 'acme+ci', password: createRobot.secret });
  let token = '';
  await waitUntil('the robot to work', async () => {
    const answer = await layover.registry('/token?service=x&scope=repository:acme/team/app:pull', {
      authorization: robot,
    });
    layover.answers.pop();
    token = (JSON.parse(answer.text) as { token?: string }).token ?? '';
    return answer.status === 200;
  });
  secrets.set('signed token', token);
  await layover.registry('/token?service=x&scope=repository:acme/team/app:pull', {
    authorization: basicAuthorization({ username: 'acme+ci', password: WRONG }),
  });
  const pull = (organization: string): Promise<{ status: number; text: string }> =>
    layover.registry(`/v2/${organization}/team/app/manifests/latest`, { authorization: `Bearer ${token}` });
  expect((await pull('acme')).status).toBe(200);
  expect((await layover.registry('/v2/acme/team/app/manifests/latest')).status).toBe(401);
  await layover.registry('/v2/acme/team/app/manifests/latest', { authorization: `Bearer ${token}x` });
  for (const [organization, status] of [
    ['wrong', 403],
    ['tls', 502],
    ['gone', 502],
    ['nobody', 401],
  ] as const) {
    const answer = await layover.registry(`/v2/${organization}/team/app/manifests/latest`);
    expect([organization, answer.status]).toEqual([organization, status]);
  }
  // An upstream that repeats its request in an error.
  const echo = `no: alice ${PASSWORD}, ${basicAuthorization({ username: 'alice', password: PASSWORD })}, Bearer ${upstreamTokens[0]}`;
  for (const status of [403, 500]) {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: echo }] });
    const quirk = registry.quirk({ path: '/v2/', respond: { status, body } });
    const answer = await layover.registry('/v2/open/team/app/manifests/other');
    expect(answer.text).toContain('it answered: DENIED: no: alice');
    quirk.remove();
  }
  // Invalid GraphQL requests with secrets in wrong places.
  for (const secret of [PASSWORD, WRONG]) {
    for (const more of [
      { expirationSeconds: -1 },
      { noSuchField: secret },
      { upstreamPassword: [secret] },
      { caCertificate: 5 },
    ])
      await layover.graphql(APPLY, {
        input: { name: 'bad', proxyCache: proxyCache({ upstreamPassword: secret, ...more }) },
      });
    await layover.graphql(APPLY, {
      input: { name: 'bad', proxyCache: { upstream: 'a.io', upstreamPassword: secret } },
    });
    for (const upstream of [registry.host, '127.0.0.1:1', '10.1.2.3', 'nobody.invalid'])
      await layover.graphql(VALIDATE, { input: proxyCache({ upstream, upstreamPassword: secret }) });
    await layover.graphql(VALIDATE, { input: proxyCache({ insecure: false, upstreamPassword: secret }) });
  }
  await layover.graphql('{ viewer { name } }', {}, `${ADMIN}x`);
  await layover.graphql(`{ viewer { name } }`, {}, createApiToken.token);
  await layover.graphql(`{ viewer { name } }`, {}, brief.token);
  // A valid secret in the wrong place.
  await layover.graphql('{ viewer { name } }', {}, createRobot.secret);
  await layover.control('/audit.jsonl', `Basic ${Buffer.from(`admin:${ADMIN}`).toString('base64')}`);
  await layover.registry('/v2/acme/team/app/manifests/latest', { authorization: `Bearer ${ADMIN}` });
  await layover.registry('/token?service=x&scope=repository:acme/team/app:pull', {
    authorization: basicAuthorization({ username: 'acme+ci', password: createApiToken.token }),
  });
  await layover.graphql('{ organization(name: "acme") { proxyCache { upstreamPassword } } }');
  upstreamTokens.forEach((one, i) => secrets.set(`upstream token ${i}`, one));
  expect(upstreamTokens.length).toBeGreaterThan(1);

  const AUDIT =
    '{ auditEvents(first: 100) { edges { node { kind detail upstreamStatus } } } organizations { edges { node { name proxyCache { hasCredentials upstreamUsername upstreamStatus { lastError } } } } } }';
  let audit = '';
  await waitUntil('the audit events', async () => {
    audit = (await layover.graphql(AUDIT)).text;
    layover.answers.pop();
    return audit.split('"PULL"').length > 6;
  });
  layover.answers.push(audit);
  // Other outputs that describe all events.
  const events = await layover.control('/audit.jsonl');
  for (const kind of [
    'ROBOT_ROTATED',
    'ROBOT_DELETED',
    'TOKEN_CREATED',
    'TOKEN_REVOKED',
    'ORGANIZATION_CREATED',
    'PULL',
  ])
    expect(events.text).toContain(`"kind":"${kind}"`);
  expect((await layover.control('/metrics')).text).toContain('layover_graphql_request_seconds');
  for (const path of ['/metrics', '/healthz', '/readyz']) await layover.registry(path);
  await layover.stopPlanes();

  const files = readdirSync(layover.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !MAY_HOLD.includes(relative(layover.home, path)));
  const names = files.map((path) => relative(layover.home, path));
  expect(names).toEqual(expect.arrayContaining(['layover.sqlite', 'configuration.sealed']));
  expect(names.some((name) => name.startsWith('journal/'))).toBe(true);
  expect(names.some((name) => name.startsWith('index/'))).toBe(true);
  // Checks that the search finds text that is in the logs.
  expect(layover.log()).toContain('The data plane accepts requests');
  expect(
    leaks('a probe', asLatin1(`x ${encodeURIComponent(PASSWORD)} ${Buffer.from(`u:${WRONG}`).toString('base64')}`)),
  ).toEqual(expect.arrayContaining(['password in a probe', 'wrong password in a probe']));
  expect([
    ...leaks('the log lines', asLatin1(layover.log())),
    ...layover.answers.flatMap((answer, i) => leaks(`answer ${i}: ${answer.slice(0, 2000)}`, asLatin1(answer))),
    ...files.flatMap((path) => leaks(relative(layover.home, path), readFileSync(path, 'latin1'))),
  ]).toEqual([]);
});
