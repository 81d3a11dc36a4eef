import { Condition } from '../../../../common/async/condition';
import { TestClock } from '../../../support/test-clock';

/** Returns true if a promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test('a notification wakes all current waiters and no later ones', async () => {
  const condition = new Condition();
  const waiting = [condition.wait(), condition.wait()];
  condition.notifyAll();
  await Promise.all(waiting);
  expect(await isSettled(condition.wait())).toBe(false);
});

test('a wait with a time limit ends by time or notification and leaves no timer behind', async () => {
  const clock = new TestClock();
  const condition = new Condition();
  const byTime = condition.waitFor(clock, 100);
  clock.advance(99);
  expect(await isSettled(byTime)).toBe(false);
  clock.advance(1);
  await byTime;
  const byNotification = condition.waitFor(clock, 100);
  condition.notifyAll();
  await byNotification;
  expect(clock.pending).toBe(0);
});

test('a task that waits again after a wake-up waits for the next notification', async () => {
  const condition = new Condition();
  let wakes = 0;
  const loop = async (): Promise<void> => {
    for (;;) {
      await condition.wait();
      wakes += 1;
    }
  };
  void loop();
  condition.notifyAll();
  await isSettled(Promise.resolve());
  expect(wakes).toBe(1);
  condition.notifyAll();
  await isSettled(Promise.resolve());
  expect(wakes).toBe(2);
});
