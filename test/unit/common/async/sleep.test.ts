import { getEventListeners } from 'node:events';
import { sleep } from '../../../../common/async/sleep';
import { TestClock } from '../../../support/test-clock';

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

test('waits for the given time and leaves no listener behind', async () => {
  const { signal } = new AbortController();
  let isOver = false;
  const sleeping = sleep(clock, 100, signal).then(() => (isOver = true));
  clock.advance(99);
  await Promise.resolve();
  expect(isOver).toBe(false);
  clock.advance(1);
  await sleeping;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('rejects at once when the signal aborts and leaves no timer behind', async () => {
  const controller = new AbortController();
  const sleeping = sleep(clock, 100, controller.signal);
  controller.abort(new Error('stop'));
  await expect(sleeping).rejects.toThrow('stop');
  expect(clock.pending).toBe(0);
});

test('rejects at once if the signal has already aborted', async () => {
  await expect(sleep(clock, 100, AbortSignal.abort())).rejects.toMatchObject({ key: 'CANCELLED' });
  expect(clock.pending).toBe(0);
});
