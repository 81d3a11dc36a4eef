import { ACCESS_RULES } from '../../../control-plane/src/access/access-rules';
import { ADMIN_TOKEN, startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
const tokens: Record<string, string> = { admin: ADMIN_TOKEN };

beforeAll(async () => {
  plane = await startControlPlane();
  for (const name of ['own', 'foreign']) await plane.organization(name);
  for (const role of ['MANAGER', 'READER'])
    tokens[role.toLowerCase()] = (
      await plane.ask<{ createApiToken: { token: string } }>(
        `mutation { createApiToken(name: "${role}", role: ${role}, organization: "own") { token } }`,
      )
    ).createApiToken.token;
});
afterAll(() => plane.remove());

/** What each root field is asked with; `ORG` becomes an organization's name. */
const REQUESTS: Readonly<Record<string, string>> = {
  'Query.viewer': '{ viewer { name } }',
  'Query.node': '{ node(id: "x") { id } }',
  'Query.organization': '{ organization(name: "ORG") { name } }',
  'Query.organizations': '{ organizations { totalCount } }',
  'Query.repository': '{ repository(organization: "ORG", name: "a") { name } }',
  'Query.manifest': `{ manifest(organization: "ORG", repository: "a", digest: "sha256:${'0'.repeat(64)}") { id } }`,
  'Query.auditEvents': '{ auditEvents(filter: {organization: "ORG"}) { pageInfo { hasNextPage } } }',
  'Query.systemSettings': '{ systemSettings { version } }',
  'Mutation.createOrganization': 'mutation { createOrganization(input: {name: "ORG"}) { id } }',
  'Mutation.updateOrganization': 'mutation { updateOrganization(name: "ORG", input: {}) { id } }',
  'Mutation.applyOrganization': 'mutation { applyOrganization(input: {name: "ORG"}) { id } }',
  'Mutation.deleteOrganization': 'mutation { deleteOrganization(name: "ORG", expectedVersion: 999) }',
  'Mutation.validateProxyCache': 'mutation { validateProxyCache(input: {upstream: "a.io"}) { message } }',
  'Mutation.createRobot': 'mutation { createRobot(organization: "ORG", name: "r") { secret } }',
  'Mutation.rotateRobotSecret': 'mutation { rotateRobotSecret(organization: "ORG", name: "r") { secret } }',
  'Mutation.deleteRobot': 'mutation { deleteRobot(organization: "ORG", name: "r") }',
  'Mutation.createApiToken': 'mutation { createApiToken(name: "t", role: READER, organization: "ORG") { id } }',
  'Mutation.revokeApiToken': 'mutation { revokeApiToken(id: "nothing") }',
  'Mutation.setTagExpiration': 'mutation { setTagExpiration(organization: "ORG", repository: "a", tag: "b") { id } }',
  'Mutation.deleteTag': 'mutation { deleteTag(organization: "ORG", repository: "a", tag: "b") }',
  'Mutation.restoreTag': `mutation { restoreTag(organization: "ORG", repository: "a", tag: "b", digest: "sha256:${'0'.repeat(64)}") { id } }`,
  'Mutation.purgeRepository': 'mutation { purgeRepository(organization: "ORG", repository: "a") }',
  'Mutation.collectGarbage': 'mutation { collectGarbage { bytesFreed } }',
  'Mutation.rescanManifest': `mutation { rescanManifest(organization: "ORG", repository: "a", digest: "sha256:${'0'.repeat(64)}") { state } }`,
  'Mutation.updateSystemSettings': 'mutation { updateSystemSettings(input: {}) { version } }',
};

const ADMIN_ONLY = [
  'createOrganization',
  'deleteOrganization',
  'createApiToken',
  'revokeApiToken',
  'collectGarbage',
  'updateSystemSettings',
].map((name) => `Mutation.${name}`);
/** Fields that are not about one organization: they show a bound token its own. */
const SCOPED = ['viewer', 'node', 'organizations', 'systemSettings'].map((name) => `Query.${name}`);

function allowed(field: string, who: string, organization: string): boolean {
  if (who === 'admin') return true;
  if (ADMIN_ONLY.includes(field)) return false;
  if (who === 'reader' && field.startsWith('Mutation.')) return false;
  return organization === 'own' || SCOPED.includes(field) || field === 'Mutation.validateProxyCache';
}

test('every root field is asked below', () => {
  expect(Object.keys(REQUESTS).sort()).toEqual(Object.keys(ACCESS_RULES).sort());
});

describe.each(Object.entries(REQUESTS))('%s', (field, request) => {
  test.each([
    ['admin', 'own'],
    ['manager', 'own'],
    ['manager', 'foreign'],
    ['manager', 'nobody'],
    ['reader', 'own'],
    ['reader', 'foreign'],
  ])('%s, organization %s', async (who, organization) => {
    const { errors } = await plane.graphql(request.replace('ORG', organization), {}, tokens[who]);
    const codes = (errors ?? []).map((error) => error.extensions.code);
    if (allowed(field, who, organization)) expect(codes).not.toContain('FORBIDDEN');
    else expect(codes).toEqual(['FORBIDDEN']);
  });

  test.each([
    ['no token', ''],
    ['an unknown token', 'layover_unknown'],
  ])('%s: 401', async (_what, token) => {
    const answer = await plane.graphql(request, {}, token);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(answer.data).toBeUndefined();
  });
});

describe('a token that is bound to an organization', () => {
  test('sees that organization alone in lists, in the audit log and by id', async () => {
    const list = '{ organizations { totalCount edges { node { id name } } } }';
    interface List {
      organizations: { totalCount: number; edges: { node: { id: string; name: string } }[] };
    }
    const all = (await plane.ask<List>(list)).organizations.edges.map(({ node }) => node);
    const { organizations } = await plane.ask<List>(list, {}, tokens['reader']);
    expect(organizations.totalCount).toBe(1);
    expect(organizations.edges.map(({ node }) => node.name)).toEqual(['own']);
    for (const { id, name } of all) {
      const { node } = await plane.ask<{ node: unknown }>(
        'query ($id: ID!) { node(id: $id) { id } }',
        { id },
        tokens['reader'],
      );
      expect(node).toEqual(name === 'own' ? { id } : null);
    }
    const events = await plane.ask<{ auditEvents: { edges: { node: { organization: string } }[] } }>(
      '{ auditEvents { edges { node { organization } } } }',
      {},
      tokens['reader'],
    );
    expect(new Set(events.auditEvents.edges.map(({ node }) => node.organization))).toEqual(new Set(['own']));
  });

  test('says who it is', async () => {
    expect(await plane.ask('{ viewer { name role organization } }', {}, tokens['manager'])).toEqual({
      viewer: { name: 'MANAGER', role: 'MANAGER', organization: 'own' },
    });
    expect(await plane.ask('{ viewer { name role organization } }')).toEqual({
      viewer: { name: 'admin', role: 'ADMIN', organization: null },
    });
  });
});

describe('a token is refused', () => {
  const make = async (more = ''): Promise<{ id: string; token: string }> =>
    (
      await plane.ask<{ createApiToken: { id: string; token: string } }>(
        `mutation { createApiToken(name: "short", role: READER, organization: "own"${more}) { id token } }`,
      )
    ).createApiToken;
  const status = async (token: string): Promise<number> =>
    (await plane.graphql('{ viewer { name } }', {}, token)).status;

  test('once it is revoked, and a second revocation is false', async () => {
    const { id, token } = await make();
    expect(await status(token)).toBe(200);
    expect(await plane.ask('mutation ($id: ID!) { revokeApiToken(id: $id) }', { id })).toEqual({
      revokeApiToken: true,
    });
    expect(await plane.ask('mutation ($id: ID!) { revokeApiToken(id: $id) }', { id })).toEqual({
      revokeApiToken: false,
    });
    expect(await status(token)).toBe(401);
  });

  test('once it has expired', async () => {
    const at = new Date(plane.clock.now() + 1000).toISOString();
    const { token } = await make(`, expiresAt: "${at}"`);
    expect(await status(token)).toBe(200);
    plane.clock.advance(1000);
    expect(await status(token)).toBe(401);
  });

  test('once its organization is gone, also when there is one of that name again', async () => {
    await plane.organization('brief', { upstream: 'brief.io' });
    const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(
      'mutation { createApiToken(name: "x", role: MANAGER, organization: "brief") { token } }',
    );
    await plane.ask('mutation { deleteOrganization(name: "brief") }');
    await plane.organization('brief', { upstream: 'brief.io' });
    expect(await status(createApiToken.token)).toBe(401);
  });
});
