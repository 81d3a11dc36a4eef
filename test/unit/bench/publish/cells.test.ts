import { cell, figure } from '../../../../bench/src/publish/cells';

test.each([
  [12_345, '12,300'],
  [9_999, '10,000'],
  [285.4, '285'],
  [19.96, '20.0'],
  [1.944, '1.94'],
  [0.05123, '0.0512'],
  [1, '1.00'],
  [0, '0'],
])('%d is written as %s', (value, text) => {
  expect(figure(value)).toBe(text);
});

test('a cell with one sample has no spread', () => {
  expect(cell([1])).toBe('1.00');
});
