import { getEventListeners } from 'node:events';
import { startDeadline, withDeadline, withTimeout } from '../../../../common/async/deadline';
import { Deferred } from '../../../../common/async/deferred';
import { untilAborted } from '../../../../common/async/until-aborted';
import { TestClock } from '../../../support/test-clock';

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

const reason = (): Error => new Error('too late');
const never = (signal: AbortSignal): Promise<never> => untilAborted(new Promise<never>(() => undefined), signal);

describe('withDeadline', () => {
  test('aborts the action when the time is up', async () => {
    const running = withDeadline({ clock, ms: 100, reason }, undefined, never);
    clock.advance(100);
    await expect(running).rejects.toThrow('too late');
  });

  test("aborts the action with the caller's reason when the caller aborts", async () => {
    const caller = new AbortController();
    const running = withDeadline({ clock, ms: 100, reason }, caller.signal, never);
    caller.abort(new Error('left'));
    await expect(running).rejects.toThrow('left');
  });

  test('leaves neither a timer nor a listener behind, however the action ends', async () => {
    const { signal } = new AbortController();
    await expect(withDeadline({ clock, ms: 100, reason }, signal, () => Promise.resolve(1))).resolves.toBe(1);
    await expect(
      withDeadline({ clock, ms: 100, reason }, signal, () => Promise.reject(new Error('broken'))),
    ).rejects.toThrow('broken');
    expect(clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('startDeadline', () => {
  test('aborts only with its parents after lift()', () => {
    const parent = new AbortController();
    const deadline = startDeadline({ clock, ms: 100, reason }, parent.signal);
    deadline.lift();
    clock.advance(1000);
    expect(deadline.signal.aborted).toBe(false);
    parent.abort('parent');
    expect(deadline.signal.reason).toBe('parent');
  });
});

describe('withTimeout', () => {
  test('settles as the promise does and leaves no timer behind', async () => {
    await expect(withTimeout(clock, 100, Promise.resolve(1), () => 2)).resolves.toBe(1);
    await expect(withTimeout(clock, 100, Promise.reject(new Error('broken')), () => 2)).rejects.toThrow('broken');
    await Promise.resolve();
    expect(clock.pending).toBe(0);
  });

  test('settles with what onTimeout returns or throws when the time is up', async () => {
    const returning = withTimeout(clock, 100, new Promise<number>(() => undefined), () => 'late');
    const throwing = withTimeout(clock, 100, new Promise(() => undefined), () => {
      throw reason();
    });
    clock.advance(100);
    await expect(returning).resolves.toBe('late');
    await expect(throwing).rejects.toThrow('too late');
  });

  test('ignores a promise that rejects after the time is up', async () => {
    const slow = new Deferred<number>();
    const waiting = withTimeout(clock, 100, slow.promise, () => 'late');
    clock.advance(100);
    slow.reject(new Error('broken'));
    await expect(waiting).resolves.toBe('late');
  });
});
