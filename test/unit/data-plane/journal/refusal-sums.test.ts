import { LayoverError } from '../../../../common/errors/layover-error';
import type { AnsweredPull } from '../../../../data-plane/src/journal/pull-event';
import { RefusalSums } from '../../../../data-plane/src/journal/refusal-sums';
import { MemoryJournal } from '../../../support/data-plane/fakes/memory-journal';
import { TestClock } from '../../../support/test-clock';

const refused = (more: Partial<AnsweredPull> = {}, key: 'DENIED' | 'UPSTREAM_FAILED' = 'DENIED'): AnsweredPull => ({
  organization: { uid: 'uid-acme', originVersion: 'origin-1' },
  organizationName: 'acme',
  repository: 'team/app',
  reference: 'v1',
  method: 'GET',
  actor: 'anonymous',
  clientAddress: '192.0.2.7',
  userAgent: 'test/1',
  requestId: 'request-1',
  recordId: '',
  attempt: 1,
  cacheStatus: 'REFUSED',
  upstreamStatus: undefined,
  checkedAt: undefined,
  outcome: { kind: 'failed', error: new LayoverError(key) },
  ...more,
});

function rig() {
  const clock = new TestClock();
  const journal = new MemoryJournal();
  const sums = new RefusalSums(journal, clock);
  const combined = () => journal.records.flatMap(({ refusals }) => refusals ?? []);
  return { clock, journal, sums, combined };
}

test('the first refusals of a client are recorded one by one, the others once a minute', async () => {
  const { clock, journal, sums, combined } = rig();
  const began = clock.now();
  for (let count = 0; count < 500; count += 1) {
    await sums.pullRefused(refused({ reference: `v${count}` }, count % 5 === 0 ? 'UPSTREAM_FAILED' : 'DENIED'), false);
    clock.advance(100);
  }
  expect(journal.pulls).toHaveLength(10);
  expect(combined()).toEqual([]);
  clock.advance(10_000);
  await Promise.resolve();
  expect(combined()).toEqual([
    {
      kind: 'PULL',
      organizationUid: 'uid-acme',
      organization: 'acme',
      clientAddress: '192.0.2.7',
      otherClients: false,
      robot: '',
      count: 490,
      firstAt: began + 1000,
      lastAt: began + 49_900,
      errors: [
        { code: 'UNAVAILABLE', httpStatus: 502, count: 98 },
        { code: 'DENIED', httpStatus: 403, count: 392 },
      ],
      references: [10, 11, 12, 13, 14].map((tag) => `acme/team/app:v${tag}`),
      userAgent: 'test/1',
      requestId: 'request-1',
    },
  ]);
});

test('clients and organizations have sums of their own, and unknown organizations share one', async () => {
  const { sums, combined } = rig();
  for (let count = 0; count < 15; count += 1) {
    await sums.pullRefused(refused(), false);
    await sums.pullRefused(refused({ clientAddress: '192.0.2.8' }), false);
    await sums.pullRefused(
      refused({ organization: { uid: 'uid-b', originVersion: '1' }, organizationName: 'b' }),
      false,
    );
    await sums.pullRefused(refused({ organization: undefined, organizationName: `guess-${count}` }), false);
  }
  await sums.settle();
  expect(
    combined().map(({ organizationUid, organization, clientAddress, count }) =>
      [organizationUid, organization, clientAddress, count].join(' '),
    ),
  ).toEqual(['uid-acme acme 192.0.2.7 5', 'uid-acme acme 192.0.2.8 5', 'uid-b b 192.0.2.7 5', '  192.0.2.7 5']);
});

test('a flood from many addresses is bounded, and nothing is lost', async () => {
  const { journal, sums, combined } = rig();
  for (let client = 0; client < 5000; client += 1)
    await sums.pullRefused(refused({ clientAddress: `2001:db8::${client.toString(16)}` }), false);
  await sums.settle();
  expect(journal.pulls).toHaveLength(100);
  expect(combined().length).toBeLessThanOrEqual(1001);
  const other = combined().filter(({ otherClients }) => otherClients === true);
  expect(other).toMatchObject([{ clientAddress: '', organization: 'acme', userAgent: '' }]);
  expect(journal.pulls.length + combined().reduce((sum, { count }) => sum + Number(count), 0)).toBe(5000);
});

test('pulls of robots, served pulls and the end of a cached tag are never combined', async () => {
  const { journal, sums } = rig();
  for (let count = 0; count < 10; count += 1) {
    await sums.pullRefused(refused({ actor: 'robot:acme+ci' }), false);
    await sums.pullRefused(refused(), true);
  }
  expect(journal.pulls).toHaveLength(20);
});

test('nothing is written if nothing was refused', async () => {
  const { clock, journal, sums } = rig();
  await sums.settle();
  clock.advance(120_000);
  expect(journal.records).toEqual([]);
});
