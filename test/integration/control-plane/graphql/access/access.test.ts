import {
  ADMIN_TOKEN,
  startControlPlane,
  type TestControlPlane,
} from '../../../../support/control-plane/start-control-plane';

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

describe('a token bound to an organization', () => {
  test('only sees this organization in lists, in the audit log and by id', async () => {
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

  test('sees its own name, role and organization', async () => {
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

  test('after it was revoked, and a second revocation returns false', async () => {
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

  test('after it has expired', async () => {
    const at = new Date(plane.clock.now() + 1000).toISOString();
    const { token } = await make(`, expiresAt: "${at}"`);
    expect(await status(token)).toBe(200);
    plane.clock.advance(1000);
    expect(await status(token)).toBe(401);
  });

  test('after its organization was deleted, even if the name exists again', async () => {
    await plane.organization('brief', { upstream: 'brief.io' });
    const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(
      'mutation { createApiToken(name: "x", role: MANAGER, organization: "brief") { token } }',
    );
    await plane.ask('mutation { deleteOrganization(name: "brief") }');
    await plane.organization('brief', { upstream: 'brief.io' });
    expect(await status(createApiToken.token)).toBe(401);
  });
});
