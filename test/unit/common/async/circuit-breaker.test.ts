import { CircuitBreaker } from '../../../../common/async/circuit-breaker';
import { Deferred } from '../../../../common/async/deferred';
import { TestClock } from '../../../support/test-clock';

let clock: TestClock;
let breaker: CircuitBreaker;
let isBack: boolean;

beforeEach(() => {
  clock = new TestClock();
  breaker = new CircuitBreaker({ clock, coolDown: { firstMs: 1000, maxMs: 3000 } });
  isBack = false;
});

const run = <T>(call: () => Promise<T>, isFailure = true): Promise<T> =>
  breaker.run(call, { isFailure: () => isFailure, openError: () => new Error('open'), isBack: () => isBack });
const succeed = (): Promise<string> => run(() => Promise.resolve('answer'));
const fail = (): Promise<string> => run(() => Promise.reject(new Error('away')));

test('a failure opens the circuit until its cool-down is over', async () => {
  await expect(fail()).rejects.toThrow('away');
  expect(breaker.coolDownLeftMs).toBe(1000);
  await expect(succeed()).rejects.toThrow('open');
  clock.advance(999);
  await expect(succeed()).rejects.toThrow('open');
  clock.advance(1);
  expect(breaker.isHalfOpen).toBe(true);
  await expect(succeed()).resolves.toBe('answer');
  expect(breaker.isClosed).toBe(true);
});

test('an error that is an answer of the peer keeps the circuit closed', async () => {
  await expect(run(() => Promise.reject(new Error('refused')), false)).rejects.toThrow('refused');
  await expect(succeed()).resolves.toBe('answer');
});

test('a half-open circuit makes one call as the probe and refuses the others', async () => {
  await expect(fail()).rejects.toThrow('away');
  clock.advance(1000);
  const answer = new Deferred<string>();
  const probe = run(() => answer.promise);
  await expect(succeed()).rejects.toThrow('open');
  answer.resolve('back');
  await expect(probe).resolves.toBe('back');
  await expect(succeed()).resolves.toBe('answer');
});

test('the cool-down grows with every failed probe and is reset by a success', async () => {
  for (const ms of [1000, 2000, 3000, 3000]) {
    await expect(fail()).rejects.toThrow('away');
    expect(breaker.coolDownLeftMs).toBe(ms);
    clock.advance(ms);
  }
  await succeed();
  await expect(fail()).rejects.toThrow('away');
  expect(breaker.coolDownLeftMs).toBe(1000);
});

test('calls that fail together count as one failure', async () => {
  const answers = [new Deferred<string>(), new Deferred<string>()];
  const calls = answers.map(({ promise }) => run(() => promise));
  for (const answer of answers) answer.reject(new Error('away'));
  await Promise.allSettled(calls);
  clock.advance(1000);
  await expect(fail()).rejects.toThrow('away');
  expect(breaker.coolDownLeftMs).toBe(2000);
});

test('a peer that is known to be back is probed before the cool-down ends', async () => {
  await expect(fail()).rejects.toThrow('away');
  isBack = true;
  await expect(fail()).rejects.toThrow('away');
  expect(breaker.coolDownLeftMs).toBe(2000);
  await expect(succeed()).resolves.toBe('answer');
});

test('a circuit that is closed by its owner may keep its cool-down', () => {
  breaker.open();
  breaker.close({ keepCoolDown: true });
  breaker.open();
  expect(breaker.coolDownLeftMs).toBe(2000);
  breaker.close();
  breaker.open();
  expect(breaker.coolDownLeftMs).toBe(1000);
});
