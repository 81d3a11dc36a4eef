import { LayoverError } from '../../../../../common/errors/layover-error';
import { OwnAnswers } from '../../../../../edge-http/src/registry/grpc/own-answers';
import type { EdgeAnswer } from '../../../../../proto/gen/layover/v1/EdgeAnswer';
import { TestClock } from '../../../../support/test-clock';

const FAILURE = new LayoverError('DATA_PLANE_UNAVAILABLE');

interface Asked {
  readonly client?: string;
  readonly authorization?: string;
  readonly organization?: string;
}

function rig() {
  const clock = new TestClock();
  let ids = 0;
  const answers = new OwnAnswers(clock, () => `sum-${(ids += 1)}`);
  const fail = ({ client = '192.0.2.7', authorization = '', organization = 'acme' }: Asked = {}): void =>
    answers.add(
      {
        context: { recordId: `id-${(ids += 1)}`, attempt: 3, clientAddress: client, authorization, requestId: 'r' },
        address: { organization, repository: 'team/app' },
        tag: 'v1',
        accept: ['application/json'],
        ifNoneMatch: '"sha256:0"',
      },
      FAILURE,
    );
  const takeAll = (all: boolean): EdgeAnswer[] => {
    const taken: EdgeAnswer[] = [];
    for (let batch = answers.next(all); batch.length > 0; batch = answers.next(all)) {
      expect(batch.length).toBeLessThanOrEqual(16);
      taken.push(...batch);
      answers.reportedOk();
    }
    return taken;
  };
  return { clock, answers, fail, takeAll };
}

const requestsIn = (taken: readonly EdgeAnswer[]): number =>
  taken.reduce((sum, { count = 0 }) => sum + Math.max(Number(count), 1), 0);

test('an answer keeps the identity of its request, and says how long ago it was given', () => {
  const { clock, fail, takeAll } = rig();
  fail();
  clock.advance(90_000);
  const [answer, ...others] = takeAll(false);
  expect(others).toEqual([]);
  expect(answer).toMatchObject({
    request: { context: { recordId: 'id-1', attempt: 3 }, address: { organization: 'acme' }, tag: 'v1' },
    error: 'DATA_PLANE_UNAVAILABLE',
    message: FAILURE.message,
    ageMs: 90_000,
  });
});

test('answers are returned again until they were reported', () => {
  const { answers, fail } = rig();
  fail();
  expect(answers.next(false)).toHaveLength(1);
  expect(answers.next(false)).toHaveLength(1);
  answers.reportedOk();
  expect(answers.next(false)).toEqual([]);
  expect(answers.size).toBe(0);
});

test('tokens are kept, but neither the secrets of robots nor long texts', () => {
  const { fail, takeAll } = rig();
  for (const authorization of ['Bearer a-token', 'Basic c2VjcmV0', `Bearer ${'x'.repeat(5000)}`])
    fail({ authorization });
  const kept = takeAll(true).map(({ request }) => request);
  expect(kept.map((request) => request?.context?.authorization)).toEqual(['Bearer a-token', '', '']);
  for (const request of kept) expect(request).toMatchObject({ accept: [], ifNoneMatch: '' });
});

test('a flood of one client without credentials is ten answers and a sum after a minute', () => {
  const { clock, answers, fail, takeAll } = rig();
  for (let i = 0; i < 5000; i += 1) fail();
  expect(answers.size).toBe(5000);
  expect(takeAll(false)).toHaveLength(10);
  clock.advance(60_000);
  expect(takeAll(false)).toMatchObject([
    {
      request: { address: { organization: 'acme' }, context: { clientAddress: '192.0.2.7', authorization: '' } },
      count: 4990,
      ageMs: 60_000,
      firstAgeMs: 60_000,
      otherClients: false,
    },
  ]);
});

test('a sum has an identity of its own', () => {
  const { fail, takeAll } = rig();
  for (let i = 0; i < 12; i += 1) fail();
  const ids = takeAll(true).map(({ request }) => request?.context?.recordId);
  expect(new Set(ids).size).toBe(11);
  expect(ids.at(-1)).toMatch(/^sum-/);
});

test('a flood from many clients for many organizations is bounded, and all requests are counted', () => {
  const { fail, takeAll } = rig();
  for (let i = 0; i < 20_000; i += 1) fail({ client: `2001:db8::${i.toString(16)}`, organization: `o${i % 3000}` });
  const taken = takeAll(true);
  expect(taken.length).toBeLessThanOrEqual(100 + 401);
  expect(requestsIn(taken)).toBe(20_000);
  const last = taken.filter(({ request }) => request?.address === undefined);
  expect(last).toMatchObject([{ otherClients: true }]);
});

test('clients without credentials take no room from those with credentials, whose number is bounded too', () => {
  const { answers, fail, takeAll } = rig();
  for (let i = 0; i < 500; i += 1) fail({ client: `192.0.2.${i % 250}` });
  fail({ client: '198.51.100.1', authorization: 'Bearer a-token' });
  const alone = takeAll(false).filter(({ count = 0 }) => count === 0);
  expect(alone.filter(({ request }) => request?.context?.authorization !== '')).toHaveLength(1);
  expect(alone).toHaveLength(101);
  for (let i = 0; i < 5000; i += 1) fail({ client: `10.0.${i >> 8}.${i & 255}`, authorization: 'Bearer invented' });
  expect(answers.next(false).length).toBe(16);
  expect(takeAll(false).length).toBeLessThanOrEqual(1000);
});

test('the answers that wait are bounded over hours in which no report succeeds, and all are counted', () => {
  const { clock, answers, fail, takeAll } = rig();
  let requests = 0;
  for (let minute = 0; minute < 60; minute += 1) {
    for (let i = 0; i < 600; i += 1) {
      fail({ client: `10.${minute}.0.${i % 250}`, authorization: i % 2 === 0 ? 'Bearer invented' : '' });
      requests += 1;
    }
    clock.advance(60_000);
    // Sums of the last minute would be reported, but the report fails.
    answers.next(false);
  }
  expect(answers.size).toBe(requests);
  const taken = takeAll(true);
  expect(requestsIn(taken)).toBe(requests);
  expect(taken.length).toBeLessThanOrEqual(1000 + 401);
});
