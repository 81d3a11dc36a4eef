import type { GraphQLObjectType } from 'graphql';
import { buildGraphqlSchema } from '../../../../../control-plane/src/graphql/schema';
import {
  ADMIN_TOKEN,
  type GraphqlAnswer,
  startControlPlane,
  type TestControlPlane,
} from '../../../../support/control-plane/start-control-plane';

/**
 * Who may use a field: any token, tokens with at least a role for the organization ORG, any
 * manager, or only ADMIN.
 */
type Audience = 'every token' | 'readers of ORG' | 'managers of ORG' | 'every manager' | 'admins';

const DIGEST = `"sha256:${'0'.repeat(64)}"`;

/**
 * A request for every query and mutation, with ORG for the name of an organization, and who may
 * send it. The table repeats the rules of the code, so that a change of only one of them fails.
 */
const TABLE: Readonly<Record<string, readonly [request: string, audience: Audience]>> = {
  'Query.viewer': ['{ viewer { name } }', 'every token'],
  'Query.buildInfo': ['{ buildInfo { version commit } }', 'every token'],
  'Query.node': ['{ node(id: "x") { id } }', 'every token'],
  'Query.organization': ['{ organization(name: "ORG") { name } }', 'readers of ORG'],
  'Query.organizations': ['{ organizations { totalCount } }', 'every token'],
  'Query.repository': ['{ repository(organization: "ORG", name: "a") { name } }', 'readers of ORG'],
  'Query.manifest': [`{ manifest(organization: "ORG", repository: "a", digest: ${DIGEST}) { id } }`, 'readers of ORG'],
  'Query.auditEvents': ['{ auditEvents(filter: {organization: "ORG"}) { edges { cursor } } }', 'readers of ORG'],
  'Query.systemSettings': ['{ systemSettings { version } }', 'every token'],
  'Query.vulnerability': ['{ vulnerability(name: "CVE-2023-5678") { totalCount } }', 'every token'],
  'Mutation.createOrganization': ['mutation { createOrganization(input: {name: "ORG"}) { id } }', 'admins'],
  'Mutation.updateOrganization': ['mutation { updateOrganization(name: "ORG", input: {}) { id } }', 'managers of ORG'],
  'Mutation.applyOrganization': ['mutation { applyOrganization(input: {name: "ORG"}) { id } }', 'managers of ORG'],
  'Mutation.deleteOrganization': ['mutation { deleteOrganization(name: "ORG", expectedVersion: 999) }', 'admins'],
  'Mutation.validateProxyCache': [
    'mutation { validateProxyCache(input: {upstream: "a.invalid"}) { outcome } }',
    'every manager',
  ],
  'Mutation.createRobot': ['mutation { createRobot(organization: "ORG", name: "A") { secret } }', 'managers of ORG'],
  'Mutation.rotateRobotSecret': [
    'mutation { rotateRobotSecret(organization: "ORG", name: "r") { secret } }',
    'managers of ORG',
  ],
  'Mutation.setRobotExpiration': [
    'mutation { setRobotExpiration(organization: "ORG", name: "r", expiresAt: null) { name } }',
    'managers of ORG',
  ],
  'Mutation.setRobotOrganizations': [
    'mutation { setRobotOrganizations(organization: "ORG", name: "r", organizations: []) { name } }',
    'admins',
  ],
  'Mutation.deleteRobot': ['mutation { deleteRobot(organization: "ORG", name: "r") }', 'managers of ORG'],
  'Mutation.createApiToken': [
    'mutation { createApiToken(name: "t", role: READER, organization: "ORG") { id } }',
    'admins',
  ],
  'Mutation.revokeApiToken': ['mutation { revokeApiToken(id: "nothing") }', 'admins'],
  'Mutation.setTagExpiration': [
    'mutation { setTagExpiration(organization: "ORG", repository: "a", tag: "b") { id } }',
    'managers of ORG',
  ],
  'Mutation.deleteTag': ['mutation { deleteTag(organization: "ORG", repository: "a", tag: "b") }', 'managers of ORG'],
  'Mutation.restoreTag': [
    `mutation { restoreTag(organization: "ORG", repository: "a", tag: "b", digest: ${DIGEST}) { id } }`,
    'managers of ORG',
  ],
  'Mutation.purgeRepository': ['mutation { purgeRepository(organization: "ORG", repository: "a") }', 'managers of ORG'],
  'Mutation.collectGarbage': ['mutation { collectGarbage { bytesFreed } }', 'admins'],
  'Mutation.rescanManifest': [
    `mutation { rescanManifest(organization: "ORG", repository: "a", digest: ${DIGEST}) { state } }`,
    'managers of ORG',
  ],
  'Mutation.updateSystemSettings': ['mutation { updateSystemSettings(input: {}) { version } }', 'admins'],
};

/** Valid tokens. */
const VALID = ['ADMIN', 'MANAGER of own', 'MANAGER of other', 'READER of own', 'READER of other'] as const;
const INVALID = ['none', 'unknown', 'expired', 'revoked', 'of a deleted organization'] as const;

const MAY: Readonly<Record<Audience, readonly (typeof VALID)[number][]>> = {
  'every token': VALID,
  'readers of ORG': ['ADMIN', 'MANAGER of own', 'READER of own'],
  'managers of ORG': ['ADMIN', 'MANAGER of own'],
  'every manager': ['ADMIN', 'MANAGER of own', 'MANAGER of other'],
  admins: ['ADMIN'],
};

let plane: TestControlPlane;
const tokens: Record<string, string> = { ADMIN: ADMIN_TOKEN, none: '', unknown: `lyt_${'x'.repeat(43)}` };

beforeAll(async () => {
  plane = await startControlPlane();
  for (const name of ['own', 'other', 'brief']) await plane.organization(name);
  const make = async (role: string, organization: string, expiresAt?: string): Promise<{ id: string; token: string }> =>
    (
      await plane.ask<{ createApiToken: { id: string; token: string } }>(
        `mutation ($role: Role!, $organization: String!, $expiresAt: DateTime) {
          createApiToken(name: "t", role: $role, organization: $organization, expiresAt: $expiresAt) { id token } }`,
        { role, organization, expiresAt },
      )
    ).createApiToken;
  for (const role of ['MANAGER', 'READER'])
    for (const organization of ['own', 'other'])
      tokens[`${role} of ${organization}`] = (await make(role, organization)).token;
  tokens['expired'] = (await make('MANAGER', 'own', new Date(plane.clock.now() + 1000).toISOString())).token;
  plane.clock.advance(1000);
  const revoked = await make('MANAGER', 'own');
  await plane.ask('mutation ($id: ID!) { revokeApiToken(id: $id) }', { id: revoked.id });
  tokens['revoked'] = revoked.token;
  tokens['of a deleted organization'] = (await make('MANAGER', 'brief')).token;
  await plane.ask('mutation { deleteOrganization(name: "brief") }');
});
afterAll(() => plane.remove());

const ask = (request: string, organization: string, who: string): Promise<GraphqlAnswer> =>
  plane.graphql(request.replace('ORG', organization), {}, tokens[who]);
const codes = (answer: GraphqlAnswer): string[] => (answer.errors ?? []).map((error) => error.extensions.code);

test('the table has exactly the queries and mutations of the schema', () => {
  const schema = buildGraphqlSchema();
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys((type as GraphQLObjectType).getFields()).map((field) => `${type!.name}.${field}`),
  );
  expect(Object.keys(TABLE).sort()).toEqual(fields.sort());
});

describe.each(Object.entries(TABLE))('%s', (_field, [request, audience]) => {
  test.each(VALID)('%s', async (who) => {
    const answer = await ask(request, 'own', who);
    if (MAY[audience].includes(who)) {
      expect(answer.status).not.toBe(401);
      expect(codes(answer)).not.toContain('FORBIDDEN');
      expect(codes(answer)).not.toContain('INTERNAL');
    } else expect([answer.status, codes(answer)]).toEqual([200, ['FORBIDDEN']]);
  });

  test.each(INVALID)('an invalid token (%s) gets 401, the same answer for all', async (who) => {
    const answer = await ask(request, 'own', who);
    expect([answer.status, codes(answer), answer.data]).toEqual([401, ['UNAUTHENTICATED'], undefined]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="Layover"');
    if (who !== 'none') expect(answer.text).toBe((await ask(request, 'own', 'unknown')).text);
  });

  test.each(VALID.slice(1))('%s cannot find out which other organizations exist', async (who) => {
    const mine = who.split(' of ')[1]!;
    const there = await ask(request, mine === 'own' ? 'other' : 'own', who);
    const nowhere = await ask(request, 'nobody', who);
    expect(nowhere.text).toBe(there.text);
    expect(nowhere.status).toBe(there.status);
  });
});
