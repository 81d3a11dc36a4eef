import { AttemptThrottle } from '../../../../common/security/attempt-throttle';
import { TestClock } from '../../../support/test-clock';

const clock = new TestClock();
let throttle = new AttemptThrottle(clock);

beforeEach(() => {
  throttle = new AttemptThrottle(clock);
});

const attempt = (client: string, account: string, secret = 'wrong') => ({ client, account, secret });
/** Fails until the client must wait. Returns the delays, in milliseconds. */
function failUntilBlocked(client: string, account: string): readonly number[] {
  const delays: number[] = [];
  for (let count = 0; throttle.waitMs(attempt(client, account)) === 0; count += 1) {
    expect(count).toBeLessThan(100);
    delays.push(throttle.failed(attempt(client, account, `guess ${count}`)));
  }
  return delays;
}

test('the first failures have no effect, the next ones are delayed, then attempts must wait', () => {
  expect(failUntilBlocked('a', 'org+ci')).toEqual([...Array<number>(10).fill(0), 250, 500, 1000, 2000, 0]);
  expect(throttle.waitMs(attempt('a', 'org+ci'))).toBe(2000);
});

test('the wait doubles with each failure, up to a minute', () => {
  failUntilBlocked('a', 'org+ci');
  const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
    const wait = throttle.waitMs(attempt('a', 'org+ci'));
    clock.advance(wait);
    expect(throttle.waitMs(attempt('a', 'org+ci'))).toBe(0);
    throttle.failed(attempt('a', 'org+ci'));
    return wait;
  });
  expect(waits).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('the addresses of one IPv6 network are one client', () => {
  failUntilBlocked('2001:db8::1', 'org+ci');
  expect(throttle.waitMs(attempt('2001:db8::2', 'org+ci'))).toBeGreaterThan(0);
  expect(throttle.waitMs(attempt('2001:db8:0:1::2', 'org+ci'))).toBe(0);
});

test('failures of one client block neither another client nor another account', () => {
  failUntilBlocked('attacker', 'org+ci');
  expect(throttle.waitMs(attempt('office', 'org+ci'))).toBe(0);
  expect(throttle.waitMs(attempt('attacker', 'org+deploy'))).toBe(0);
});

test('failures of many clients with one account leave each client one free failure', () => {
  for (let client = 0; client < 60; client += 1) throttle.failed(attempt(`bot ${client}`, 'org+ci'));
  expect(throttle.waitMs(attempt('office', 'org+ci'))).toBe(0);
  expect(failUntilBlocked('one more bot', 'org+ci')).toEqual([0, 250, 500, 1000, 2000, 0]);
});

test('a client that tries many accounts is slowed down', () => {
  for (let robot = 0; robot < 55; robot += 1) throttle.failed(attempt('a', `org+${robot}`));
  expect(throttle.waitMs(attempt('a', 'org+new'))).toBeGreaterThan(0);
});

test('credentials that were correct before are not slowed down for the same client, until they fail', () => {
  const good = attempt('nat', 'org+ci', 'correct');
  throttle.succeeded(good);
  failUntilBlocked('nat', 'org+ci');
  expect(throttle.waitMs(good)).toBe(0);
  throttle.failed(good);
  expect(throttle.waitMs(good)).toBeGreaterThan(0);
});

test('a success ends the wait, and failures are forgotten after a quarter of an hour', () => {
  failUntilBlocked('a', 'org+ci');
  throttle.succeeded(attempt('a', 'org+ci', 'correct'));
  expect(throttle.waitMs(attempt('a', 'org+ci'))).toBe(0);
  failUntilBlocked('a', 'org+ci');
  clock.advance(900_000);
  expect(failUntilBlocked('a', 'org+ci')).toHaveLength(15);
});

test('a repeated token without an account counts once, because it is no guess', () => {
  for (let count = 0; count < 100; count += 1) expect(throttle.failed(attempt('a', '', 'old token'))).toBe(0);
  expect(throttle.waitMs(attempt('a', ''))).toBe(0);
  expect(failUntilBlocked('b', '')).toHaveLength(15);
});

test('the number of remembered clients is bounded', () => {
  failUntilBlocked('first', 'org+ci');
  for (let client = 0; client < 10_001; client += 1) throttle.failed(attempt(`bot ${client}`, `org+${client}`));
  expect(throttle.waitMs(attempt('first', 'org+ci'))).toBe(0);
});
