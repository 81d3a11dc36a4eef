import { median, quantile, summarize } from '../../../bench/src/statistics';

test('the median of an odd number of values is the middle one, in any order', () => {
  expect(median([9, 1, 5])).toBe(5);
});

test('the median of an even number of values is the lower of the two middle ones', () => {
  expect(median([4, 1, 3, 2])).toBe(2);
});

test('a quantile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([quantile(values, 0), quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)]).toEqual([
    1, 50, 99, 100,
  ]);
});

test('a summary has the quartiles', () => {
  expect(summarize([8, 2, 4, 6, 10])).toEqual({ median: 6, low: 4, high: 8 });
});

test('a single sample is its own median and quartiles', () => {
  expect(summarize([3])).toEqual({ median: 3, low: 3, high: 3 });
});

test('no values have no median', () => {
  expect(() => median([])).toThrow(RangeError);
});
