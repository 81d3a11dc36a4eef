import { BoundedLabels } from '../../../../data-plane/src/monitoring/bounded-labels';

test('keeps the first 50 values and reports every later one as "other"', () => {
  const labels = new BoundedLabels(50);
  const given = Array.from({ length: 200 }, (_, i) => labels.of(`host-${i}`));
  expect(new Set(given).size).toBe(51);
  expect(given.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => `host-${i}`));
  expect(given[199]).toBe('other');
  expect(labels.of('host-7')).toBe('host-7');
});
