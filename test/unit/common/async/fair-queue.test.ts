import { Deferred } from '../../../../common/async/deferred';
import { FairQueue } from '../../../../common/async/fair-queue';
import { cpuMillisecondsOf } from '../../../support/cpu-time';

/** Lets all pending callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Queues work that ends when the test says so, and notes the order in which it started. */
function stage(concurrency: number, perOwner?: number) {
  const queue = new FairQueue(concurrency, perOwner);
  const started: string[] = [];
  const ends = new Map<string, Deferred>();
  const add = (owner: string, name: string, signal?: AbortSignal): Promise<void> => {
    const end = new Deferred();
    ends.set(name, end);
    return queue.run(
      owner,
      () => {
        started.push(name);
        return end.promise;
      },
      signal,
    );
  };
  const end = async (name: string): Promise<void> => {
    ends.get(name)!.resolve();
    await settle();
  };
  return { queue, started, add, end };
}

test('an owner that arrives behind a backlog waits only for the running work', async () => {
  const { started, add, end } = stage(1);
  for (const name of ['a1', 'a2', 'a3']) void add('a', name);
  void add('b', 'b1');
  void add('c', 'c1');
  await end('a1');
  await end('b1');
  await end('c1');
  expect(started).toEqual(['a1', 'b1', 'c1', 'a2']);
  await end('a2');
  expect(started.at(-1)).toBe('a3');
});

test('an owner has one turn at a time, also if the queue has room', async () => {
  const { started, add, end } = stage(2);
  for (const name of ['a1', 'a2']) void add('a', name);
  void add('b', 'b1');
  await settle();
  expect(started).toEqual(['a1', 'b1']);
  await end('a1');
  expect(started).toEqual(['a1', 'b1', 'a2']);
});

test('an owner has as many turns at a time as the queue allows, after those of others', async () => {
  const { started, add, end } = stage(4, 2);
  for (const name of ['a1', 'a2', 'a3', 'a4']) void add('a', name);
  await settle();
  expect(started).toEqual(['a1', 'a2']);
  for (const name of ['b1', 'b2', 'b3']) void add('b', name);
  void add('c', 'c1');
  await settle();
  expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
  await end('a1');
  expect(started.slice(4)).toEqual(['c1']);
  await end('b1');
  expect(started.slice(4)).toEqual(['c1', 'a3']);
  await end('a2');
  expect(started.slice(4)).toEqual(['c1', 'a3', 'b3']);
});

test('failed work rejects its caller and gives the turn to the next', async () => {
  const queue = new FairQueue(1);
  const broken = queue.run('a', () => Promise.reject(new Error('broken')));
  const next = queue.run('a', () => Promise.resolve('next'));
  await expect(broken).rejects.toThrow('broken');
  await expect(next).resolves.toBe('next');
  expect(queue.depth).toBe(0);
});

test('a caller that leaves before its turn rejects with CANCELLED and never runs', async () => {
  const { queue, started, add, end } = stage(1);
  const leaving = new AbortController();
  void add('a', 'a1');
  const left = add('a', 'a2', leaving.signal);
  const late = add('b', 'b1', AbortSignal.abort());
  leaving.abort();
  await expect(left).rejects.toMatchObject({ key: 'CANCELLED' });
  await expect(late).rejects.toMatchObject({ key: 'CANCELLED' });
  expect(queue.depth).toBe(0);
  await end('a1');
  expect(started).toEqual(['a1']);
});

test('callers that all leave at once cost time in proportion to their number', async () => {
  const costOf = async (count: number): Promise<number> => {
    const queue = new FairQueue(1);
    const running = new Deferred();
    void queue.run('a', () => running.promise);
    const callers = Array.from({ length: count }, () => new AbortController());
    const left = callers.map(({ signal }) => queue.run('a', () => Promise.resolve(), signal).catch(() => 'left'));
    expect(queue.depth).toBe(count);
    const cost = cpuMillisecondsOf(() => callers.forEach((caller) => caller.abort('gone')));
    expect(queue.depth).toBe(0);
    expect(new Set(await Promise.all(left))).toEqual(new Set(['left']));
    running.resolve();
    return cost;
  };
  // Both sides have the same number of callers, so only their distribution can make a difference.
  // If a caller that leaves costs time for each of the others, the one queue is 20 times slower.
  let inSmallQueues = 0;
  for (let i = 0; i < 20; i++) inSmallQueues += await costOf(2_000);
  expect(await costOf(40_000)).toBeLessThan(3 * inSmallQueues);
});
