import { pull, type TestRepository } from '../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
let acme: TestRepository;
let now: number;
beforeAll(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme');
  now = plane.clock.now();
});
afterAll(() => plane.remove());

interface Events {
  auditEvents: {
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    edges: { node: { id: string; reference: string } }[];
  };
}
const LIST = `query ($filter: AuditEventFilter, $first: Int, $after: String) {
  auditEvents(filter: $filter, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { id reference } } } }`;
const record = (tag: string, at: number, more: object = {}) =>
  plane.catalog.call('RecordPulls', { records: [pull(acme, 'one', at, { reference: tag, ...more })] });
const references = async (filter: object): Promise<readonly string[]> =>
  (await plane.ask<Events>(LIST, { filter: { kinds: ['PULL'], ...filter }, first: 200 })).auditEvents.edges.map(
    ({ node }) => node.reference,
  );

test('pages are newest first and do not shift while events arrive', async () => {
  // Several events have the same time; their order must be stable across pages too.
  for (let i = 0; i < 10; i++) await record(`page-${i}`, now + Math.floor(i / 3));
  const seen: string[] = [];
  const ids = new Set<string>();
  let after: string | null = null;
  for (;;) {
    const { auditEvents }: Events = await plane.ask<Events>(LIST, { filter: { kinds: ['PULL'] }, first: 3, after });
    for (const { node } of auditEvents.edges) {
      seen.push(node.reference);
      ids.add(node.id);
    }
    // Newer events go in front and do not shift the following pages.
    await record(`newer-${seen.length}`, now + 1000);
    if (!auditEvents.pageInfo.hasNextPage) break;
    after = auditEvents.pageInfo.endCursor;
  }
  expect(ids.size).toBe(10);
  const times = seen.map((reference) => Math.floor(Number(reference.slice('page-'.length)) / 3));
  expect(times).toEqual([...times].sort((a, b) => b - a));
});

describe('filters', () => {
  const other = (): TestRepository => ({ ...acme, repository: 'team/web' });
  beforeAll(async () => {
    await record('f-miss', now - 5000, { cacheStatus: 'MISS', actor: 'robot:acme+ci' });
    await plane.catalog.call('RecordPulls', {
      records: [pull(other(), 'two', now - 4000, { reference: 'f-web', cacheStatus: 'STALE' })],
    });
    await record('f-nobody', now - 3000, {
      organizationUid: '',
      organization: 'nobody',
      cacheStatus: 'REFUSED',
      digest: '',
    });
  });

  test.each([
    ['organization', { organization: 'nobody' }, ['f-nobody']],
    ['repository', { repository: 'team/web' }, ['f-web']],
    ['reference', { reference: 'f-miss' }, ['f-miss']],
    ['cache status', { cacheStatuses: ['MISS', 'REFUSED'] }, ['f-nobody', 'f-miss']],
    ['actor', { actor: 'robot:acme+ci' }, ['f-miss']],
  ])('select by %s', async (_what, filter, expected) => {
    expect(await references(filter)).toEqual(expected);
  });

  test('select by time: since is inclusive, until is exclusive', async () => {
    const iso = (time: number): string => new Date(time).toISOString();
    expect(await references({ since: iso(now - 5000), until: iso(now - 3000) })).toEqual(['f-web', 'f-miss']);
    // Any offset is allowed.
    const offset = iso(now - 5000 + 2 * 3_600_000).replace('Z', '+02:00');
    expect(await references({ since: offset, until: iso(now - 4000) })).toEqual(['f-miss']);
  });

  test('select by kind', async () => {
    const { auditEvents } = await plane.ask<Events>(LIST, { filter: { kinds: ['ORGANIZATION_CREATED'] } });
    expect(auditEvents.edges).toHaveLength(1);
  });
});

test('an event can be read by its id', async () => {
  const { auditEvents } = await plane.ask<Events>(LIST, { first: 1 });
  const { id, reference } = auditEvents.edges[0]!.node;
  expect(await plane.ask('query ($id: ID!) { node(id: $id) { id ... on AuditEvent { reference } } }', { id })).toEqual({
    node: { id, reference },
  });
});
