import { Deferred } from '../../../../common/async/deferred';
import { Poller } from '../../../../common/async/poller';
import { repeat } from '../../../../common/async/repeat';
import { TestClock } from '../../../support/test-clock';

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

/** Lets all pending callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const unexpected = (error: unknown): void => {
  throw error;
};

describe('repeat', () => {
  test('runs after the first delay, and again after the interval', async () => {
    const work = jest.fn(() => Promise.resolve());
    repeat({ clock, firstMs: 10, everyMs: 100, work, onError: unexpected });
    clock.advance(9);
    expect(work).not.toHaveBeenCalled();
    clock.advance(1);
    await settle();
    clock.advance(99);
    expect(work).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(work).toHaveBeenCalledTimes(2);
  });

  test('counts the interval from the end of slow work', async () => {
    let work = new Deferred();
    let runs = 0;
    const slow = (): Promise<void> => {
      runs += 1;
      work = new Deferred();
      return work.promise;
    };
    repeat({ clock, everyMs: 100, work: slow, onError: unexpected });
    clock.advance(100);
    clock.advance(1000);
    expect(runs).toBe(1);
    work.resolve();
    await settle();
    clock.advance(99);
    expect(runs).toBe(1);
    clock.advance(1);
    expect(runs).toBe(2);
  });

  test('repeats work without a promise within one step of the clock', () => {
    const work = jest.fn(() => undefined);
    repeat({ clock, everyMs: 100, work, onError: unexpected });
    clock.advance(300);
    expect(work).toHaveBeenCalledTimes(3);
  });

  test('reports what the work throws and continues', async () => {
    const errors: unknown[] = [];
    let runs = 0;
    const work = (): Promise<void> => {
      runs += 1;
      if (runs === 1) throw new Error('thrown');
      return Promise.reject(new Error('rejected'));
    };
    repeat({ clock, everyMs: 100, work, onError: (error) => errors.push(String(error)) });
    for (let round = 0; round < 3; round += 1) {
      clock.advance(100);
      await settle();
    }
    expect(errors).toEqual(['Error: thrown', 'Error: rejected', 'Error: rejected']);
  });

  test('tells the current run about a stop, waits for it and schedules no other', async () => {
    const step = new Deferred();
    let told = false;
    const work = async (isStopped: () => boolean): Promise<void> => {
      await step.promise;
      told = isStopped();
    };
    const stop = repeat({ clock, everyMs: 100, work, onError: unexpected });
    clock.advance(100);
    let isOver = false;
    const stopping = stop().then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    step.resolve();
    await stopping;
    expect(told).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('Poller', () => {
  test('polls again one interval after the last poll ended', async () => {
    let poll = new Deferred();
    let polls = 0;
    const poller = new Poller({
      clock,
      everyMs: 100,
      poll: () => {
        polls += 1;
        poll = new Deferred();
        return poll.promise;
      },
      onError: unexpected,
    });
    poller.start();
    clock.advance(100);
    await settle();
    clock.advance(1000);
    await settle();
    expect(polls).toBe(1);
    poll.resolve();
    await settle();
    clock.advance(99);
    await settle();
    expect(polls).toBe(1);
    clock.advance(1);
    await settle();
    expect(polls).toBe(2);
    poll.resolve();
    await poller.stop();
  });

  test('serves requests during a poll with one more poll that starts after it', async () => {
    const polls: Deferred[] = [];
    const poller = new Poller({
      clock,
      everyMs: 100,
      poll: () => {
        polls.push(new Deferred());
        return polls.at(-1)!.promise;
      },
      onError: unexpected,
    });
    const first = poller.pollNow();
    await settle();
    let isSeen = false;
    const later = Promise.all([poller.pollNow(), poller.pollNow()]).then(() => (isSeen = true));
    polls[0]!.resolve();
    await first;
    await settle();
    expect(polls).toHaveLength(2);
    expect(isSeen).toBe(false);
    polls[1]!.resolve();
    await later;
    await settle();
    expect(polls).toHaveLength(2);
  });

  test('reports only the first failure of a series and never rejects', async () => {
    const outcomes = [true, false, false, true, false];
    const errors: unknown[] = [];
    const poller = new Poller({
      clock,
      everyMs: 100,
      poll: () => (outcomes.shift() === true ? Promise.resolve() : Promise.reject(new Error('away'))),
      onError: (error) => errors.push(error),
    });
    for (let round = 0; round < 5; round += 1) await poller.pollNow();
    expect(errors).toHaveLength(2);
  });

  test('waits for the current poll when stopped and then polls no longer', async () => {
    const poll = new Deferred();
    let polls = 0;
    const poller = new Poller({
      clock,
      everyMs: 100,
      poll: () => {
        polls += 1;
        return poll.promise;
      },
      onError: unexpected,
    });
    poller.start();
    const polling = poller.pollNow();
    await settle();
    let isOver = false;
    const stopping = poller.stop().then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    poll.resolve();
    await Promise.all([polling, stopping]);
    await poller.pollNow();
    expect(polls).toBe(1);
    expect(clock.pending).toBe(0);
  });
});
