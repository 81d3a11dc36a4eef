import { pino } from 'pino';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { AnswerReports } from '../../../../../edge-http/src/registry/grpc/answer-reports';
import type { EdgeAnswer } from '../../../../../proto/gen/layover/v1/EdgeAnswer';
import { TestClock } from '../../../../support/test-clock';

const FAILURE = new LayoverError('DATA_PLANE_UNAVAILABLE');

function rig() {
  const clock = new TestClock();
  const world = { isLive: true, failure: undefined as LayoverError | undefined };
  const sent: EdgeAnswer[] = [];
  let attempts = 0;
  const reports = new AnswerReports({
    clock,
    logger: pino({ level: 'silent' }),
    nextRecordId: () => 'sum',
    isLive: () => world.isLive,
    send: async (answers) => {
      attempts += 1;
      if (world.failure !== undefined) throw world.failure;
      sent.push(...answers);
    },
  });
  const fail = (id: string): void =>
    reports.add({ context: { recordId: id }, address: { organization: 'acme', repository: 'a' }, tag: 't' }, FAILURE);
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const ids = (): unknown[] => sent.map(({ request }) => request?.context?.recordId);
  return { world, reports, fail, pass, ids, attempts: () => attempts };
}

test('answers are reported once a data plane accepts calls, and not before', async () => {
  const { world, reports, fail, pass, ids } = rig();
  world.isLive = false;
  fail('one');
  for (let second = 0; second < 100; second += 1) await pass(1000);
  expect(ids()).toEqual([]);
  world.isLive = true;
  await pass(1000);
  expect(ids()).toEqual(['one']);
  expect(reports.size).toBe(0);
  fail('two');
  await pass(1000);
  expect(ids()).toEqual(['one', 'two']);
});

test('a report that fails is made again, later and later', async () => {
  const { world, reports, fail, pass, ids, attempts } = rig();
  world.failure = new LayoverError('NOT_READY');
  fail('one');
  for (let second = 0; second < 60; second += 1) await pass(1000);
  expect(attempts()).toBeLessThan(15);
  expect(reports.size).toBe(1);
  world.failure = undefined;
  await pass(10_000);
  expect(ids()).toEqual(['one']);
});

test('a report that a data plane refuses for good does not block others', async () => {
  const { world, reports, fail, pass, ids } = rig();
  world.failure = new LayoverError('REQUEST_INVALID');
  fail('one');
  await pass(1000);
  expect(reports.size).toBe(0);
  world.failure = undefined;
  fail('two');
  await pass(1000);
  expect(ids()).toEqual(['two']);
});

test('an edge that stops reports everything, also sums that are younger than a minute', async () => {
  const { reports, fail, ids } = rig();
  for (let i = 0; i < 30; i += 1) fail(`${i}`);
  await reports.settle();
  expect(ids()).toHaveLength(11);
  expect(reports.size).toBe(0);
});

test('an edge that stops does not wait for a data plane that is away', async () => {
  const { world, reports, fail, ids } = rig();
  world.isLive = false;
  fail('one');
  await reports.settle();
  expect(ids()).toEqual([]);
});
