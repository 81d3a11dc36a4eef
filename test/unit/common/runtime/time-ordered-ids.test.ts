import { validate, version } from 'uuid';
import { createTimeOrderedIds } from '../../../../common/runtime/time-ordered-ids';

test('ids are UUIDs of version 7 with the time of the clock', () => {
  const next = createTimeOrderedIds({ now: () => 0x0193a1c27abc });
  const id = next();
  expect(validate(id)).toBe(true);
  expect(version(id)).toBe(7);
  expect(id.slice(0, 14)).toBe('0193a1c2-7abc-');
});

test('ids of one generator are sorted and unique, also in one millisecond and if the clock goes back', () => {
  let now = 1_700_000_000_000;
  const next = createTimeOrderedIds({ now: () => now });
  const ids = Array.from({ length: 10_000 }, (_, index) => {
    if (index === 9000) now -= 60_000;
    return next();
  });
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(ids.every((id) => version(id) === 7)).toBe(true);
});

test('ids of two generators differ', () => {
  const now = (): number => 1_700_000_000_000;
  expect(createTimeOrderedIds({ now })()).not.toBe(createTimeOrderedIds({ now })());
});
