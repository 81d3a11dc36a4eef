import { LimitedPlaces } from '../../../../common/async/limited-places';

test('an organization gets as many places as it may have, and one again for each that it gives back', () => {
  const places = new LimitedPlaces(2, 10);
  const leave = places.enter('acme');
  expect(places.enter('acme')).toBeDefined();
  expect(places.enter('acme')).toBeUndefined();
  leave?.();
  expect(places.enter('acme')).toBeDefined();
  expect(places.running).toBe(2);
});

test('all organizations together get no more places than there are', () => {
  const places = new LimitedPlaces(2, 3);
  const taken = ['acme', 'acme', 'beta', 'beta', 'gamma'].map((owner) => places.enter(owner) !== undefined);
  expect([taken, places.running]).toEqual([[true, true, true, false, false], 3]);
});

test('a place that is given back twice is free once', () => {
  const places = new LimitedPlaces(2, 2);
  const leave = places.enter('acme');
  places.enter('acme');
  leave?.();
  leave?.();
  expect(places.running).toBe(1);
  expect(places.enter('acme')).toBeDefined();
  expect(places.enter('acme')).toBeUndefined();
});
