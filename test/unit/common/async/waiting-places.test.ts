import { WaitingPlaces } from '../../../../common/async/waiting-places';
import { TestClock } from '../../../support/test-clock';

const clock = new TestClock();

test('places beyond the limit are given in the order of arrival, as others are given back', async () => {
  const places = new WaitingPlaces(1, 1000, clock);
  const order: string[] = [];
  const first = (await places.take())!;
  const wait = async (name: string): Promise<void> => {
    const leave = await places.take();
    order.push(name);
    leave!();
  };
  const all = Promise.all([wait('a'), wait('b'), wait('c')]);
  expect([order, places.waiting]).toEqual([[], 3]);
  first();
  await all;
  expect([order, places.waiting]).toEqual([['a', 'b', 'c'], 0]);
});

test('a place that is given back twice is free once', async () => {
  const places = new WaitingPlaces(1, 1000, clock);
  const leave = (await places.take())!;
  leave();
  leave();
  await places.take();
  void places.take();
  expect(places.waiting).toBe(1);
});

test('a caller that waits for too long gets none, and does not keep one later', async () => {
  const places = new WaitingPlaces(1, 1000, clock);
  const leave = (await places.take())!;
  const late = places.take();
  clock.advance(1000);
  expect([await late, places.waiting]).toEqual([undefined, 0]);
  leave();
  expect(await places.take()).toBeDefined();
});
