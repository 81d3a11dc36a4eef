import { v7 } from 'uuid';
import type { PullEvent } from '../../../../../proto/gen/layover/v1/PullEvent';
import type { PullRecord } from '../../../../../proto/gen/layover/v1/PullRecord';
import { admission, digest, pull, type TestRepository } from '../../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

/** The default of timeMachineSeconds, in milliseconds. */
const TIME_MACHINE_MS = 1_209_600_000;

let plane: TestControlPlane;
let acme: TestRepository;
let now: number;

beforeEach(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme');
  now = plane.clock.now();
  await plane.catalog.call('AdmitManifest', admission(acme, 'one', { checkedAt: now }));
});
afterEach(() => plane.remove());

/** The record of a pull whose tag the upstream reported as deleted. */
const gone = (checkedAt: number, more: Partial<PullEvent> = {}): PullRecord =>
  pull(acme, 'one', checkedAt, {
    digest: '',
    cacheStatus: 'REFUSED',
    httpStatus: 404,
    upstreamStatus: 404,
    checkedAt,
    errorCode: 'MANIFEST_UNKNOWN',
    requestId: `request-${checkedAt}`,
    bytes: 0,
    ...more,
  });
const record = async (...records: PullRecord[]): Promise<void> => {
  await plane.catalog.call('RecordPulls', { records });
};
const live = async (): Promise<string | undefined> =>
  (await plane.catalog.call('LookupTag', { repository: acme, tag: 'latest' })).tag?.manifest?.digest;

interface Ended {
  readonly deletions: readonly object[];
  readonly timeMachine: readonly object[];
}
async function ended(): Promise<Ended> {
  const data = await plane.ask<{
    auditEvents: { edges: { node: object }[] };
    repository: { tags: { edges: { node: object }[] } };
  }>(`{ auditEvents(filter: {kinds: [TAG_DELETED]}) { edges { node {
      at organization repository reference digest actor requestId detail } } }
    repository(organization: "acme", name: "library/app") {
      tags(state: TIME_MACHINE) { edges { node { name state collectedAfter } } } } }`);
  const nodes = <T>({ edges }: { edges: { node: T }[] }): T[] => edges.map(({ node }) => node);
  return { deletions: nodes(data.auditEvents), timeMachine: nodes(data.repository.tags) };
}
const iso = (time: number): string => new Date(time).toISOString();
const NOTHING: Ended = { deletions: [], timeMachine: [] };

test('a tag that the upstream deleted moves to the time machine with one event, no matter how often it was requested', async () => {
  const first = gone(now + 5);
  await record(first, gone(now + 6));
  await record(first, gone(now + 7));
  expect(await live()).toBeUndefined();
  expect(await ended()).toEqual({
    deletions: [
      {
        at: iso(now + 5),
        organization: 'acme',
        repository: 'library/app',
        reference: 'latest',
        digest: digest('one'),
        actor: 'system',
        requestId: `request-${now + 5}`,
        detail: '{"deletedBy":"upstream","upstreamStatus":404}',
      },
    ],
    timeMachine: [{ name: 'latest', state: 'TIME_MACHINE', collectedAfter: iso(now + 5 + TIME_MACHINE_MS) }],
  });
  // Its manifest is still held, and the tag starts again when the upstream has it again.
  expect(
    (await plane.catalog.call('LookupManifest', { repository: acme, digest: digest('one') })).manifest,
  ).not.toBeNull();
  await plane.catalog.call('AdmitManifest', admission(acme, 'one', { checkedAt: now + 10 }));
  expect(await live()).toBe(digest('one'));
});

test('an upstream answer of 410 counts like 404, and the event shows the status', async () => {
  await record(gone(now + 5, { upstreamStatus: 410 }), gone(now + 6));
  expect(await live()).toBeUndefined();
  expect((await ended()).deletions).toMatchObject([
    { at: iso(now + 5), reference: 'latest', detail: '{"deletedBy":"upstream","upstreamStatus":410}' },
  ]);
});

test('an answer older than the last check ends nothing, in either order', async () => {
  await record(gone(now - 1));
  await record(pull(acme, 'one', now + 9, { cacheStatus: 'REVALIDATED', checkedAt: now + 9 }), gone(now + 8));
  expect(await live()).toBe(digest('one'));
  expect(await ended()).toEqual(NOTHING);
  await record(gone(now + 9));
  expect(await live()).toBeUndefined();
  // A late admission from another journal does not override the later deletion.
  await record({ id: v7(), at: now, admission: admission(acme, 'one', { checkedAt: now + 5 }) });
  expect(await live()).toBeUndefined();
});

test('a tag that a later admission of the same batch found stays', async () => {
  await record(gone(now + 5), { id: v7(), at: now + 7, admission: admission(acme, 'two', { checkedAt: now + 7 }) });
  expect(await live()).toBe(digest('two'));
  expect((await ended()).deletions).toEqual([]);
});

test.each<[string, (at: number) => Partial<PullEvent>]>([
  ['was served from the cache (KEEP)', () => ({ cacheStatus: 'STALE', httpStatus: 200, checkedAt: 0 })],
  ['had a 404 of Layover itself', () => ({ upstreamStatus: 0, checkedAt: 0 })],
  ['had an upstream error', () => ({ upstreamStatus: 503, httpStatus: 502 })],
  ['was denied by the upstream', () => ({ upstreamStatus: 403, httpStatus: 403 })],
  ['was by digest', () => ({ reference: digest('one') })],
  ['was of another tag', () => ({ reference: 'other' })],
  ['was of another repository', () => ({ repository: 'library/none' })],
  ['was of another upstream', () => ({ originVersion: 'another' })],
  ['has an invalid time', () => ({ checkedAt: -1 })],
])('a pull that %s ends nothing', async (_what, more) => {
  await record(gone(now + 5, more(now)));
  expect(await live()).toBe(digest('one'));
  expect(await ended()).toEqual(NOTHING);
});

test('with KEEP no tag is ended, even if it had expired and the pull got a 404', async () => {
  const input = { proxyCache: { upstream: 'registry.example', onUpstreamDelete: 'KEEP' } };
  await plane.ask(
    'mutation ($input: OrganizationPatch!) { updateOrganization(name: "acme", input: $input) { version } }',
    { input },
  );
  await record(gone(now + 5));
  expect(await live()).toBe(digest('one'));
  expect(await ended()).toEqual(NOTHING);
});

test('many deleted tags in one batch are each ended in their repository', async () => {
  const other = { ...acme, repository: 'team/web' };
  for (const [repository, tag] of [
    [acme, 'a'],
    [acme, 'b'],
    [other, 'a'],
  ] as const)
    await plane.catalog.call('AdmitManifest', admission(repository, 'one', { tag, checkedAt: now }));
  await record(
    gone(now + 1, { reference: 'a' }),
    gone(now + 1, { reference: 'a', repository: 'team/web' }),
    ...Array.from({ length: 300 }, (_, i) => gone(now + 1, { reference: `never-${i}` })),
  );
  const tags = async (repository: TestRepository): Promise<readonly string[]> =>
    (await plane.catalog.call('ListCachedTags', { repository, limit: 10, last: '' })).tags;
  expect(await tags(acme)).toEqual(['b', 'latest']);
  expect(await tags(other)).toEqual([]);
  expect((await ended()).deletions).toHaveLength(2);
});
