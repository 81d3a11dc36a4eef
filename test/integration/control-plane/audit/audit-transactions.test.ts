import type { GraphQLObjectType } from 'graphql';
import { buildGraphqlSchema } from '../../../../control-plane/src/graphql/schema';
import { admission, digest, pull } from '../../../support/control-plane/builders';
import { breakTable, dumpTables, mend } from '../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
  const acme = await plane.organization('acme', { upstreamUsername: 'bob', upstreamPassword: 'secret' });
  // The tag has moved once, so that a version can be restored.
  await plane.catalog.call('AdmitManifest', admission(acme, 'zero', { tag: 'v1' }));
  const checkedAt = plane.clock.now() + 1;
  await plane.catalog.call('AdmitManifest', admission(acme, 'one', { tag: 'v1', checkedAt }));
  plane.clock.advance(2);
  await plane.organization('beta', { upstream: 'beta.example' });
  await plane.organization('gamma', { upstream: 'gamma.example' });
  await plane.ask('mutation { createRobot(organization: "acme", name: "existing") { username } }');
  await plane.ask(
    'mutation { setRobotOrganizations(organization: "acme", name: "existing", organizations: ["gamma"]) { name } }',
  );
});
afterAll(() => plane.remove());

/** All mutations that change something and therefore write an event. */
const MUTATIONS: readonly string[] = [
  'createOrganization(input: {name: "fresh", proxyCache: {upstream: "a.io", mirrorHost: "a.io"}, quota: {limitBytes: "5"}}) { id }',
  'applyOrganization(input: {name: "fresh"}) { id }',
  'applyOrganization(input: {name: "acme", description: "changed"}) { id }',
  'updateOrganization(name: "acme", input: {proxyCache: {upstream: "elsewhere.example"}, quota: {limitBytes: "5"}}) { id }',
  'deleteOrganization(name: "acme")',
  'deleteOrganization(name: "gamma")',
  'createApiToken(name: "t", role: READER, organization: "acme") { id }',
  'createRobot(organization: "acme", name: "ci") { secret }',
  'rotateRobotSecret(organization: "acme", name: "existing") { secret }',
  'setRobotExpiration(organization: "acme", name: "existing", expiresAt: "2030-01-01T00:00:00Z") { name }',
  'setRobotOrganizations(organization: "acme", name: "existing", organizations: ["beta"]) { name }',
  'deleteRobot(organization: "acme", name: "existing")',
  'updateSystemSettings(input: {proxyCacheEnabled: false}) { version }',
  'setTagExpiration(organization: "acme", repository: "library/app", tag: "v1", expiresAt: "2027-01-01T00:00:00Z") { id }',
  'deleteTag(organization: "acme", repository: "library/app", tag: "v1")',
  `restoreTag(organization: "acme", repository: "library/app", tag: "v1", digest: "${digest('zero')}") { id }`,
  'purgeRepository(organization: "acme", repository: "library/app")',
];
/** Mutations that may have nothing to write. Without an event they must not change anything. */
const PERHAPS_NOTHING: readonly string[] = [
  'collectGarbage { bytesFreed }',
  `rescanManifest(organization: "acme", repository: "library/app", digest: "${digest('one')}") { state }`,
];
/** Mutations that change nothing, and revokeApiToken, which needs a token and is tested below. */
const ELSEWHERE = ['validateProxyCache', 'revokeApiToken'];

test('the lists have every mutation of the schema', () => {
  const all = Object.keys((buildGraphqlSchema().getMutationType() as GraphQLObjectType).getFields());
  const named = [...MUTATIONS, ...PERHAPS_NOTHING].map((mutation) => /^\w+/.exec(mutation)![0]);
  expect([...new Set([...named, ...ELSEWHERE])].sort()).toEqual(all.sort());
});

test.each(MUTATIONS)('a mutation changes nothing if its event cannot be written: %s', async (mutation) => {
  const before = await dumpTables(plane);
  await breakTable(plane, 'audit_events', 'INSERT');
  try {
    const answer = await plane.graphql(`mutation { ${mutation} }`);
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors![0]!.extensions.code).toBe('INTERNAL');
  } finally {
    await mend(plane);
  }
  expect(await dumpTables(plane)).toBe(before);
});

test.each(PERHAPS_NOTHING)(
  'a mutation that may have nothing to do changes nothing without an event: %s',
  async (mutation) => {
    const before = await dumpTables(plane);
    await breakTable(plane, 'audit_events', 'INSERT');
    try {
      await plane.graphql(`mutation { ${mutation} }`);
    } finally {
      await mend(plane);
    }
    expect(await dumpTables(plane)).toBe(before);
  },
);

test('a revocation, a moved tag and a pull change nothing if their event cannot be written', async () => {
  const { createApiToken } = await plane.ask<{ createApiToken: { id: string; token: string } }>(
    'mutation { createApiToken(name: "stays", role: READER, organization: "acme") { id token } }',
  );
  const acme = await plane.repository('acme', 'library/app');
  const before = await dumpTables(plane);
  await breakTable(plane, 'audit_events', 'INSERT');
  const revoked = await plane.graphql('mutation ($id: ID!) { revokeApiToken(id: $id) }', { id: createApiToken.id });
  expect(revoked.errors?.[0]?.extensions.code).toBe('INTERNAL');
  const moved = admission(acme, 'two', { tag: 'v1', checkedAt: plane.clock.now() + 1 });
  await expect(plane.catalog.call('AdmitManifest', moved)).rejects.toThrow();
  await mend(plane);
  expect(await dumpTables(plane)).toBe(before);
  expect((await plane.graphql('{ viewer { name } }', {}, createApiToken.token)).data).toEqual({
    viewer: { name: 'stays' },
  });
});

test('a mutation without a change writes no event', async () => {
  const count = async (): Promise<number> =>
    (await dumpTables(plane)).split('\n').filter((l) => l.includes('"kind"')).length;
  await plane.ask('mutation { applyOrganization(input: {name: "quiet"}) { id } }');
  const before = await count();
  for (const mutation of [
    'applyOrganization(input: {name: "quiet"}) { id }',
    'updateOrganization(name: "quiet", input: {}) { id }',
    'deleteOrganization(name: "nobody")',
    'revokeApiToken(id: "nothing")',
  ])
    await plane.ask(`mutation { ${mutation} }`);
  expect(await count()).toBe(before);
});

test('events of one organization are in the order of their commits', async () => {
  await plane.ask('mutation { createOrganization(input: {name: "story"}) { id } }');
  const acme = await plane.repository('acme', 'library/app');
  await plane.catalog.call('RecordPulls', { records: [pull(acme, 'one', plane.clock.now())] });
  for (const description of ['a', 'b', 'c']) {
    plane.clock.advance(1);
    await plane.ask('mutation ($d: String!) { updateOrganization(name: "story", input: {description: $d}) { id } }', {
      d: description,
    });
  }
  plane.clock.advance(1);
  await plane.ask('mutation { deleteOrganization(name: "story") }');
  const { auditEvents } = await plane.ask<{ auditEvents: { edges: { node: { kind: string } }[] } }>(
    '{ auditEvents(filter: {organization: "story"}) { edges { node { kind } } } }',
  );
  expect(auditEvents.edges.map(({ node }) => node.kind)).toEqual([
    'ORGANIZATION_DELETED',
    ...Array<string>(3).fill('ORGANIZATION_UPDATED'),
    'ORGANIZATION_CREATED',
  ]);
});
