import { WatchStream } from '../../../../control-plane/src/catalog/watch-stream';
import { MemorySource, SlowCall, startFeed } from './support';

/** Lets all pending callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A source whose database can stop to answer. */
class FailingSource extends MemorySource {
  isDown = false;

  override head(): ReturnType<MemorySource['head']> {
    return this.isDown ? Promise.reject(new Error('the database is unavailable')) : super.head();
  }
}

test('every message says how long ago the database was read, also while the database does not answer', async () => {
  const source = new FailingSource();
  const { feed, clock, announce } = await startFeed(source);
  const call = new SlowCall(Infinity);
  const stream = new WatchStream(call.asCall, { feed, clock, onHeartbeatError: () => undefined });
  const ages = (): unknown[] => call.sent.map(({ ageMs }) => ageMs);
  stream.start();
  expect(ages()).toEqual([0]);

  // One heartbeat while the database answers, and three after it stopped.
  clock.advance(9_000);
  await announce();
  clock.advance(1_000);
  await settle();
  source.isDown = true;
  for (let i = 0; i < 3; i++) {
    clock.advance(10_000);
    await settle();
  }
  expect(call.sent.slice(1).every(({ heartbeat }) => heartbeat !== undefined)).toBe(true);
  const [first, ...later] = ages().slice(1) as number[];
  expect(first).toBeLessThanOrEqual(1_000);
  expect(later.map((age) => Math.round(age / 10_000))).toEqual([1, 2, 3]);

  source.isDown = false;
  await announce();
  expect(feed.ageMs).toBe(0);
  stream.release();
  await feed.stop();
});
