import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { pull, type TestRepository } from '../../../support/control-plane/builders';
import {
  ADMIN_TOKEN,
  startControlPlane,
  type TestControlPlane,
} from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
let acme: TestRepository;
let now: number;
const EVENTS = 1201;

beforeAll(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme');
  now = plane.clock.now();
  const other = await plane.organization('other', { upstream: 'other.example' });
  // Several events have the same time, and there are more of them than fit into one piece of an
  // export or one batch of records.
  const records = Array.from({ length: EVENTS }, (_, i) =>
    pull(acme, 'one', now - EVENTS + Math.floor(i / 7), {
      reference: `tag-${i}`,
      cacheStatus: i % 2 === 0 ? 'HIT' : 'MISS',
      userAgent: `line\nbreak "quoted" é ${i}`,
    }),
  );
  for (let i = 0; i < records.length; i += 500)
    await plane.catalog.call('RecordPulls', { records: records.slice(i, i + 500) });
  await plane.catalog.call('RecordPulls', {
    records: [pull(other, 'two', now, { organization: 'other', reference: 'of-other' })],
  });
});
afterAll(() => plane.remove());

interface Line {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly organization: string;
  readonly reference: string | null;
  readonly detail: object;
}
const ask = (query: string, token = ADMIN_TOKEN, method = 'GET'): Promise<Response> =>
  fetch(`${plane.url}/audit.jsonl${query}`, {
    method,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
  });
const lines = async (query: string, token = ADMIN_TOKEN): Promise<readonly Line[]> => {
  const response = await ask(query, token);
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
};
const sorted = (events: readonly Line[]): readonly Line[] =>
  [...events].sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));

describe('the export', () => {
  test('has every event once, newest first, with the fields and values of GraphQL', async () => {
    const response = await ask('');
    expect(response.headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    const all = await lines('');
    // Two organizations were created as well.
    expect(all).toHaveLength(EVENTS + 3);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(all.map(({ at }) => at)).toEqual([...sorted(all)].reverse().map(({ at }) => at));
    const [line] = await lines('?reference=tag-3');
    const { auditEvents } = await plane.ask<{ auditEvents: { edges: { node: Record<string, unknown> }[] } }>(
      `{ auditEvents(filter: {reference: "tag-3"}) { edges { node { id at kind organization repository reference digest
        cacheStatus httpStatus upstreamStatus bytes actor clientAddress userAgent requestId count detail } } } }`,
    );
    const node = auditEvents.edges[0]!.node;
    expect(line).toEqual({ ...node, detail: JSON.parse(node['detail'] as string) as object });
  });

  test('can be reversed with order=oldest', async () => {
    const newest = await lines('');
    expect(await lines('?order=newest')).toEqual(newest);
    expect(await lines('?order=oldest')).toEqual([...newest].reverse());
  });

  test.each([
    ['kinds=ORGANIZATION_CREATED&kinds=TAG_DELETED', 2],
    ['kinds=PULL&cacheStatuses=MISS&organization=acme', 600],
    ['cacheStatuses=MISS&cacheStatuses=HIT', EVENTS + 1],
    ['organization=other', 2],
    ['repository=library/app', EVENTS + 1],
    ['actor=token%3Aadmin', 2],
    ['actor=nobody', 0],
    [`digest=sha256:${'0'.repeat(64)}`, 0],
  ])('is filtered by %s', async (query, count) => {
    expect(await lines(`?${query}`)).toHaveLength(count);
  });

  test('is filtered by time: since is inclusive, until is exclusive', async () => {
    const iso = (at: number): string => encodeURIComponent(new Date(at).toISOString());
    const start = now - EVENTS;
    const some = await lines(`?since=${iso(start + 2)}&until=${iso(start + 4)}`);
    expect(some).toHaveLength(14);
    expect(await lines(`?since=${iso(start + 2)}&until=${iso(start + 4)}&order=oldest`)).toEqual([...some].reverse());
  });

  test('answers HEAD with headers only', async () => {
    const response = await ask('', ADMIN_TOKEN, 'HEAD');
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('access to the export', () => {
  test('needs a valid token', async () => {
    for (const token of ['', 'wrong-token-0123456789']) {
      const response = await ask('', token);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  test('is limited to the organization of a bound token', async () => {
    const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(
      'mutation { createApiToken(name: "reader", role: READER, organization: "other") { token } }',
    );
    const own = await lines('', createApiToken.token);
    expect(new Set(own.map(({ organization }) => organization))).toEqual(new Set(['other']));
    const foreign = await ask('?organization=acme', createApiToken.token);
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN', field: 'organization' } }],
    });
  });

  test('only allows GET and HEAD', async () => {
    const response = await ask('', ADMIN_TOKEN, 'POST');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

test.each([
  ['organization=', 'organization'],
  ['organization=a&organization=b', 'organization'],
  ['since=yesterday', 'since'],
  ['until=2026-01-01', 'until'],
  ['kinds=PULL&kinds=PUSH', 'kinds'],
  ['kinds=toString', 'kinds'],
  ['cacheStatuses=hit', 'cacheStatuses'],
  ['digest=sha256:abc', 'digest'],
  ['order=random', 'order'],
  ['first=10', 'first'],
  ['organisation=acme', 'organisation'],
  [`actor=${'x'.repeat(300)}`, 'actor'],
])('%s is refused with the name of the parameter', async (query, field) => {
  const response = await ask(`?${query}`);
  expect(response.status).toBe(400);
  const { errors } = (await response.json()) as { errors: { message: string; extensions: object }[] };
  expect(errors[0]!.extensions).toEqual({ code: 'BAD_USER_INPUT', field });
  expect(errors[0]!.message).toContain(field);
});

describe('during an export', () => {
  const open = (query: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` }, agent: false };
      get(`${plane.url}/audit.jsonl${query}`, options, resolve).once('error', reject);
    });
  const rest = async (answer: IncomingMessage): Promise<readonly Line[]> => {
    let text = '';
    for await (const part of answer) text += String(part);
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };

  test.each(['newest', 'oldest'])('new events are not included, and no event is repeated (%s)', async (order) => {
    const before = (await lines('?kinds=PULL')).map(({ id }) => id);
    const answer = await open(`?order=${order}&kinds=PULL`);
    plane.clock.advance(1000);
    const late = Array.from({ length: 50 }, () => pull(acme, 'one', plane.clock.now(), { reference: 'late' }));
    await plane.catalog.call('RecordPulls', { records: late });
    const seen = (await rest(answer)).map(({ id }) => id);
    expect([...seen].sort()).toEqual([...before].sort());
  });

  test('the order oldest ends at the time of the request, so that it does not follow the log for ever', async () => {
    const ahead = pull(acme, 'one', plane.clock.now() + 5000, { reference: 'ahead' });
    const present = pull(acme, 'one', plane.clock.now(), { reference: 'present' });
    await plane.catalog.call('RecordPulls', { records: [ahead, present] });
    expect((await lines('?order=newest')).slice(0, 2).map(({ reference }) => reference)).toEqual(['ahead', 'present']);
    expect((await lines('?order=oldest')).at(-1)?.reference).toBe('present');
  });
});
