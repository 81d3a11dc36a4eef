import { v7 } from 'uuid';
import type { PullRecord } from '../../../../../proto/gen/layover/v1/PullRecord';
import type { RefusalSum } from '../../../../../proto/gen/layover/v1/RefusalSum';
import type { TestRepository } from '../../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
let acme: TestRepository;
let now: number;

beforeAll(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme');
  now = plane.clock.now();
});
afterAll(() => plane.remove());

const refusals = (more: RefusalSum = {}): PullRecord => ({
  id: v7(),
  at: now,
  refusals: {
    kind: 'PULL',
    organizationUid: acme.organizationUid,
    organization: 'acme',
    clientAddress: '192.0.2.7',
    count: 497,
    firstAt: now - 50_000,
    lastAt: now - 1000,
    errors: [
      { code: 'DENIED', httpStatus: 403, count: 398 },
      { code: 'UNAVAILABLE', httpStatus: 502, count: 99 },
    ],
    references: ['acme/team/app:v1'],
    userAgent: 'test/1',
    requestId: 'request-1',
    ...more,
  },
});
const record = async (...records: PullRecord[]) => (await plane.catalog.call('RecordPulls', { records })).recorded;

type Event = Record<string, unknown> & { readonly detail: string };
async function events(kind: string, token?: string): Promise<readonly Event[]> {
  const data = await plane.ask<{ auditEvents: { edges: { node: Event }[] } }>(
    `query ($kinds: [AuditKind!]) { auditEvents(filter: {kinds: $kinds}, first: 200) { edges { node {
      kind organization repository reference cacheStatus httpStatus actor clientAddress count detail } } } }`,
    { kinds: [kind] },
    token,
  );
  return data.auditEvents.edges.map(({ node }) => node);
}
async function failures(): Promise<unknown> {
  const { organization } = await plane.ask<{ organization: { statistics: { pulls: number; failures: number } } }>(
    '{ organization(name: "acme") { statistics(sinceSeconds: 86400) { pulls failures } } }',
  );
  return organization.statistics;
}

test('combined refusals are one PULL event with a count, and count in the statistics', async () => {
  const sum = refusals();
  expect(await record(sum)).toBe(1);
  expect(await record(sum)).toBe(0);
  const [event, ...others] = await events('PULL');
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    organization: 'acme',
    repository: null,
    reference: null,
    cacheStatus: 'REFUSED',
    httpStatus: null,
    actor: 'anonymous',
    clientAddress: '192.0.2.7',
    count: 497,
  });
  expect(JSON.parse(event!.detail)).toEqual({
    count: 497,
    firstAt: new Date(now - 50_000).toISOString(),
    lastAt: new Date(now - 1000).toISOString(),
    errors: [
      { code: 'DENIED', httpStatus: 403, count: 398 },
      { code: 'UNAVAILABLE', httpStatus: 502, count: 99 },
    ],
    references: ['acme/team/app:v1'],
  });
  expect(await failures()).toEqual({ pulls: 497, failures: 497 });
});

test('failed logins are ROBOT_LOGIN_FAILED events of the organization, and no pulls', async () => {
  const errors = [{ code: 'UNAUTHORIZED', httpStatus: 401, count: 17 }];
  await record(refusals({ kind: 'LOGIN', robot: 'acme+ci', count: 17, errors, references: [] }));
  const [event] = await events('ROBOT_LOGIN_FAILED');
  expect(event).toMatchObject({
    organization: 'acme',
    cacheStatus: null,
    httpStatus: 401,
    clientAddress: '192.0.2.7',
    count: 17,
  });
  expect(JSON.parse(event!.detail)).toMatchObject({ count: 17, robot: 'acme+ci', errors });
  expect(await failures()).toEqual({ pulls: 497, failures: 497 });
});

test('only the readers of the organization see its failed logins', async () => {
  await plane.organization('other');
  const read = async (organization: string): Promise<number> => {
    const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(
      `mutation { createApiToken(name: "r", role: READER, organization: "${organization}") { token } }`,
    );
    return (await events('ROBOT_LOGIN_FAILED', createApiToken.token)).length;
  };
  expect([await read('acme'), await read('other')]).toEqual([1, 0]);
});

test('refusals of other clients, of organizations that do not exist, and invalid values are stored', async () => {
  const errors = Array.from({ length: 40 }, (_none, at) => ({ code: 'X'.repeat(200), httpStatus: at, count: -1 }));
  const references = Array.from({ length: 40 }, () => 'é'.repeat(1000));
  const stored = await record(
    refusals({ organizationUid: '', organization: '', otherClients: true, clientAddress: '' }),
    refusals({ count: -5, firstAt: -1, lastAt: 1e300, errors, references, organization: 'a'.repeat(1000) }),
    refusals({ kind: 'LOGIN', robot: 'r'.repeat(10_000), errors: [], organizationUid: 'gone' }),
  );
  expect(stored).toBe(3);
  const found = (await events('PULL')).map(({ organization, count, detail }) => ({
    organization,
    count,
    clients: (JSON.parse(detail) as { clients?: string }).clients,
  }));
  expect(found).toContainEqual({ organization: null, count: 497, clients: 'other clients' });
  expect(found).toContainEqual({ organization: 'acme', count: 1, clients: undefined });
});

test('an event that stands for one request has the count 1', async () => {
  await plane.organization('third');
  expect((await events('ORGANIZATION_CREATED')).map(({ count }) => count)).toEqual([1, 1, 1]);
});

test('a failed login says why a correct secret was refused', async () => {
  const errors = [
    { code: 'UNAUTHORIZED', httpStatus: 401, count: 2, reason: 'ROBOT_EXPIRED' },
    { code: 'UNAUTHORIZED', httpStatus: 401, count: 1 },
  ];
  await record(refusals({ kind: 'LOGIN', robot: 'acme+old', count: 3, errors, references: [] }));
  const details = (await events('ROBOT_LOGIN_FAILED')).map(({ detail }) => JSON.parse(detail) as object);
  expect(details).toContainEqual(expect.objectContaining({ robot: 'acme+old', errors }));
});
