import { allCases, caseNamed, MOMENTS } from './cases/chaos-case';
import { positionOf } from './cases/position';
import { shuffled } from './cases/random';

test('every case has a name that finds it', () => {
  const cases = allCases();
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  for (const one of cases.slice(0, 50)) expect(caseNamed(one.name)).toEqual(one);
  expect(() => caseNamed('nowhere')).toThrow('There is no case nowhere');
});

test('the position of a fault is the same for the same seed, and within its moment', () => {
  for (const total of [1, 5, 60, 500, 100_000, 1_500_000])
    for (const moment of MOMENTS) {
      const position = positionOf(moment, total, 7, 'case');
      expect(positionOf(moment, total, 7, 'case')).toBe(position);
      if (position === undefined) continue;
      expect(Number.isInteger(position)).toBe(true);
      expect(position).toBeGreaterThanOrEqual(0);
      expect(position).toBeLessThan(total);
      if (moment === 'last') expect(total - position).toBeLessThanOrEqual(64 * 1024 + 1);
    }
  expect(positionOf('middle', 1_500_000, 7, 'case')).not.toBe(positionOf('middle', 1_500_000, 8, 'case'));
});

test('a seed decides the order of all cases', () => {
  const cases = allCases();
  const names = (seed: number): readonly string[] => shuffled(cases, seed).map(({ name }) => name);
  expect(names(1)).toEqual(names(1));
  expect(names(1)).not.toEqual(names(2));
  expect([...names(1)].sort()).toEqual(cases.map(({ name }) => name).sort());
});
