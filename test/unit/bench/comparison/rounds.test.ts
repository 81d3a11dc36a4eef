import { rotated } from '../../../../bench/src/comparison/rounds';

test('every program is first, and every program is last, in as many rounds as there are programs', () => {
  const rounds = [0, 1, 2].map((round) => rotated(['a', 'b', 'c'], round));
  expect(rounds).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a', 'b'],
  ]);
});

test('rotation begins again after that', () => {
  expect(rotated(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
});

test('nothing stays nothing', () => {
  expect(rotated([], 2)).toEqual([]);
});
