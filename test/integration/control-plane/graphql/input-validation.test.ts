import { rootCertificates } from 'node:tls';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.ask(`mutation { createOrganization(input: {name: "existing", description: "as it was"}) { id } }`);
});
afterAll(() => plane.remove());

const CREATE = 'mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }';
const APPLY = 'mutation ($i: OrganizationInput!) { applyOrganization(input: $i) { id } }';
const UPDATE = 'mutation ($i: OrganizationPatch!) { updateOrganization(name: "existing", input: $i) { id } }';

const CERTIFICATE_OF_NOTHING = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const CERTIFICATE = rootCertificates[0]!;
const KEY = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';

const proxy = (more: object): object => ({ proxyCache: { upstream: 'a.io', ...more } });

/** Invalid values for every field that a user can set: [field, input, part of the message]. */
const BAD: readonly (readonly [field: string, input: object, says: string])[] = [
  ['input.description', { description: 'x'.repeat(1025) }, '1024'],
  ['input.description', { description: 5 }, 'String'],
  ['input.description', { description: 'a\0b' }, 'without NUL'],
  // JSON can contain an unpaired surrogate; databases cannot.
  ['input.description', { description: 'a\ud800b' }, 'whole Unicode characters'],
  ['input.visibility', { visibility: 'SECRET' }, 'Visibility'],
  ['input.timeMachineSeconds', { timeMachineSeconds: -1 }, 'from 0 to 315360000'],
  ['input.timeMachineSeconds', { timeMachineSeconds: 315_360_001 }, 'from 0 to 315360000'],
  ['input.timeMachineSeconds', { timeMachineSeconds: 1.5 }, 'Int'],
  ['input.timeMachineSeconds', { timeMachineSeconds: 3e9 }, 'Int'],
  ['input.colour', { colour: 'red' }, 'not defined'],
  ['input.proxyCache.upstream', { proxyCache: {} }, 'required'],
  ...[
    '',
    'https://docker.io',
    'docker.io/',
    'user@docker.io',
    'docker.io?x=1',
    'docker.io#x',
    'Docker.io',
    'docker..io',
    '-docker.io',
    'docker.io:0',
    'docker.io:65536',
    'docker.io:x',
    'docker.io/Team',
    'docker.io/../x',
    'docker.io//x',
    '[::1',
    '[zz::1]:5000',
    `${'a'.repeat(64)}.io`,
    `a.io/${'x'.repeat(256)}`,
    'a b.io',
    'docker.io\n',
  ].map((upstream) => ['input.proxyCache.upstream', { proxyCache: { upstream } }, 'host[:port][/namespace]'] as const),
  ['input.proxyCache.enabled', proxy({ enabled: 'yes' }), 'Boolean'],
  ['input.proxyCache.mirrorHost', proxy({ mirrorHost: 'docker.io/library' }), 'host[:port]'],
  ['input.proxyCache.mirrorHost', proxy({ mirrorHost: '' }), 'host[:port]'],
  ['input.proxyCache.mirrorHost', proxy({ mirrorHost: 'user:pw@docker.io' }), 'host[:port]'],
  ['input.proxyCache.upstreamUsername', proxy({ upstreamUsername: 'a:b' }), 'colon'],
  ['input.proxyCache.upstreamUsername', proxy({ upstreamUsername: 'a\nb' }), 'control characters'],
  ['input.proxyCache.upstreamUsername', proxy({ upstreamUsername: 'x'.repeat(256) }), '255'],
  ['input.proxyCache.upstreamUsername', proxy({ upstreamUsername: 'x\udfff' }), 'whole Unicode characters'],
  ['input.proxyCache.upstreamPassword', proxy({ upstreamPassword: 'alone' }), 'upstreamUsername'],
  [
    'input.proxyCache.upstreamPassword',
    proxy({ upstreamUsername: 'u', upstreamPassword: 'x'.repeat(16_385) }),
    '16384',
  ],
  ['input.proxyCache.upstreamPassword', proxy({ upstreamUsername: 'u', upstreamPassword: 'a\0b' }), 'NUL'],
  [
    'input.proxyCache.upstreamPassword',
    proxy({ upstreamUsername: 'u', upstreamPassword: '\ude00\ud83d' }),
    'whole Unicode characters',
  ],
  ['input.proxyCache.insecure', proxy({ insecure: 1 }), 'Boolean'],
  ['input.proxyCache.caCertificate', proxy({ caCertificate: 'not pem' }), 'PEM'],
  ['input.proxyCache.caCertificate', proxy({ caCertificate: CERTIFICATE_OF_NOTHING }), 'PEM'],
  ['input.proxyCache.caCertificate', proxy({ caCertificate: KEY }), 'nothing else'],
  ['input.proxyCache.caCertificate', proxy({ caCertificate: `\0${CERTIFICATE}` }), 'without NUL'],
  ['input.proxyCache.caCertificate', proxy({ caCertificate: `\udc00${CERTIFICATE}` }), 'whole Unicode characters'],
  ['input.proxyCache.caCertificate', proxy({ caCertificate: 'x'.repeat(65_537) }), '65536'],
  ['input.proxyCache.expirationSeconds', proxy({ expirationSeconds: 0 }), 'from 1 to 315360000'],
  ['input.proxyCache.expirationSeconds', proxy({ expirationSeconds: 315_360_001 }), 'from 1 to 315360000'],
  ['input.proxyCache.expirationSeconds', proxy({ expirationSeconds: 2 ** 31 }), 'Int'],
  ['input.proxyCache.revalidateAfterSeconds', proxy({ revalidateAfterSeconds: -1 }), 'from 0 to 315360000'],
  ['input.proxyCache.revalidateAfterSeconds', proxy({ revalidateAfterSeconds: 315_360_001 }), 'from 0 to 315360000'],
  ['input.proxyCache.staleIfErrorSeconds', proxy({ staleIfErrorSeconds: -1 }), 'from 0 to 315360000'],
  ['input.proxyCache.staleIfErrorSeconds', proxy({ staleIfErrorSeconds: 315_360_001 }), 'from 0 to 315360000'],
  ['input.proxyCache.onUpstreamDelete', proxy({ onUpstreamDelete: 'MAYBE' }), 'UpstreamDeletePolicy'],
  ['input.proxyCache.completeImages', proxy({ completeImages: 'no' }), 'Boolean'],
  ['input.proxyCache.allowRepositories', proxy({ allowRepositories: Array.from({ length: 101 }, () => 'a') }), '100'],
  ...['', '/a', 'a/', 'a//b', 'A', 'a?', 'a[b]', '***', '!a', 'x'.repeat(256)].flatMap((pattern) =>
    (['allowRepositories', 'denyRepositories'] as const).map(
      (list) => [`input.proxyCache.${list}[1]`, proxy({ [list]: ['fine/**', pattern] }), 'must be one of'] as const,
    ),
  ),
  ['input.proxyCache.denyRepositories', proxy({ denyRepositories: Array.from({ length: 101 }, () => 'a') }), '100'],
  ['input.quota.limitBytes', { quota: {} }, 'required'],
  ['input.quota.limitBytes', { quota: { limitBytes: '0' } }, 'from 1 to 9223372036854775807'],
  ['input.quota.limitBytes', { quota: { limitBytes: '-1' } }, 'from 0 to 9223372036854775807'],
  ['input.quota.limitBytes', { quota: { limitBytes: '9223372036854775808' } }, 'from 0 to 9223372036854775807'],
  ['input.quota.limitBytes', { quota: { limitBytes: '1GB' } }, 'from 0 to 9223372036854775807'],
  ['input.quota.limitBytes', { quota: { limitBytes: 2 ** 60 } }, 'from 0 to 9223372036854775807'],
  ['input.quota.warningPercent', { quota: { limitBytes: '1', warningPercent: 0 } }, 'from 1 to 100'],
  ['input.quota.warningPercent', { quota: { limitBytes: '1', warningPercent: 101 } }, 'from 1 to 100'],
  ['input.quota.onOversize', { quota: { limitBytes: '1', onOversize: 'SHRUG' } }, 'OversizePolicy'],
];

const BAD_NAMES = ['', 'A', 'a/b', '.a', 'a.', 'a..b', 'a b', '-a', 'v2', 'token', 'x'.repeat(65), 'ä', 'a\n'];

async function everything(): Promise<string> {
  return JSON.stringify(
    await plane.ask(`{ auditEvents { edges { node { id } } } organizations { edges { node {
      name description version updatedAt proxyCache { upstream } quota { limitBytes } } } } }`),
  );
}

describe('invalid input is refused with the name of its field and changes nothing:', () => {
  test.each(BAD)('%s %j', async (field, input, says) => {
    const before = await everything();
    for (const [query, i] of [
      [CREATE, { name: 'fresh', ...input }],
      [APPLY, { name: 'existing', ...input }],
      [UPDATE, input],
    ] as const) {
      const answer = await plane.graphql(query, { i });
      expect(answer.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', field } });
      expect(answer.errors?.[0]?.message).toContain(says);
      expect(answer.data ?? null).toBeNull();
    }
    expect(await everything()).toBe(before);
  });

  test.each(BAD_NAMES)('input.name %j', async (name) => {
    const before = await everything();
    for (const query of [CREATE, APPLY]) {
      const answer = await plane.graphql(query, { i: { name } });
      expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'input.name' });
      expect(answer.errors?.[0]?.message).toContain('1 to 64 characters');
    }
    expect(await everything()).toBe(before);
  });

  test.each([
    ['sinceSeconds', '{ organization(name: "existing") { statistics(sinceSeconds: 0) { pulls } } }'],
    ['sinceSeconds', '{ organization(name: "existing") { statistics(sinceSeconds: 315360001) { pulls } } }'],
    ['first', '{ organization(name: "existing") { repositories(first: 0) { totalCount } } }'],
    ['first', '{ auditEvents(first: 201) { pageInfo { hasNextPage } } }'],
    ['after', '{ auditEvents(after: "rubbish") { pageInfo { hasNextPage } } }'],
    ['nameContains', `{ organizations(nameContains: "${'x'.repeat(256)}") { totalCount } }`],
    ['digest', '{ manifest(organization: "existing", repository: "a", digest: "sha256:zz") { id } }'],
    ['filter.since', '{ auditEvents(filter: {since: "yesterday"}) { pageInfo { hasNextPage } } }'],
    ['filter.kinds', '{ auditEvents(filter: {kinds: [NOTHING]}) { pageInfo { hasNextPage } } }'],
    [
      'input.proxyCache.expirationSeconds',
      `mutation { createOrganization(input: {name: "a", proxyCache: {upstream: "a.io", expirationSeconds: 9999999999}}) { id } }`,
    ],
    ['name', 'mutation { createApiToken(name: "", role: ADMIN) { id } }'],
    ['organization', 'mutation { createApiToken(name: "a", role: ADMIN, organization: "existing") { id } }'],
    ['organization', 'mutation { createApiToken(name: "a", role: READER) { id } }'],
    ['expiresAt', 'mutation { createApiToken(name: "a", role: ADMIN, expiresAt: "2001-01-01T00:00:00Z") { id } }'],
    ['input.upstream', 'mutation { validateProxyCache(input: {upstream: "http://x"}) { message } }'],
  ])('%s in %s', async (field, query) => {
    const answer = await plane.graphql(query);
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field });
    expect(answer.errors?.[0]?.message.length).toBeGreaterThan(10);
  });

  test('a missing required variable', async () => {
    const answer = await plane.graphql(CREATE, {});
    expect(answer.status).toBe(400);
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'input' });
  });
});

describe('input at the limits is accepted', () => {
  test.each([
    { upstream: 'localhost:5000' },
    { upstream: '[::1]:5000/team/sub' },
    { upstream: 'registry' },
    { upstream: '192.0.2.1:443', mirrorHost: 'registry.example:8443' },
    { upstream: 'a.io', expirationSeconds: 1, revalidateAfterSeconds: 0, staleIfErrorSeconds: 0 },
    { upstream: 'a.io', expirationSeconds: 315_360_000, allowRepositories: ['**', '*', 'a/*/b', 'lib*/x-**'] },
    { upstream: 'a.io', enabled: null, allowRepositories: null, expirationSeconds: null },
  ])('%j', async (proxyCache) => {
    await plane.ask(APPLY, { i: { name: 'edges', proxyCache } });
    const { organization } = await plane.ask<{ organization: { proxyCache: Record<string, unknown> } }>(
      `{ organization(name: "edges") { proxyCache { upstream enabled } } }`,
    );
    expect(organization.proxyCache).toEqual({ upstream: proxyCache.upstream, enabled: true });
  });
});
