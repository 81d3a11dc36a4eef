import { RecentRecords } from '../../../../data-plane/src/journal/recent-records';

const record = (number: number): Buffer => Buffer.from(String(number).padStart(10, '0'));
const records = (from: number, to: number): Buffer[] => Array.from({ length: to - from }, (_, i) => record(from + i));

test('keeps the newest records up to its size', () => {
  const recent = new RecentRecords(100);
  for (let number = 1; number <= 1000; number += 1) recent.add(number, [record(number)]);
  expect(recent.read(991, 100, 10_000)).toEqual(records(991, 1001));
  expect(recent.read(990, 100, 10_000)).toBeUndefined();
  expect(recent.read(1001, 100, 10_000)).toBeUndefined();
});

test('returns at most as many records and about as many bytes as requested, but at least one', () => {
  const recent = new RecentRecords(1000);
  recent.add(1, records(1, 51));
  expect(recent.read(5, 3, 10_000)).toEqual(records(5, 8));
  expect(recent.read(5, 100, 25)).toEqual(records(5, 8));
  expect(recent.read(5, 100, 1)).toEqual(records(5, 6));
});

test('keeps no record that was delivered', () => {
  const recent = new RecentRecords(1000);
  recent.add(1, records(1, 51));
  recent.dropBefore(31);
  expect(recent.read(30, 1, 1)).toBeUndefined();
  expect(recent.read(31, 100, 10_000)).toEqual(records(31, 51));
  recent.dropBefore(1000);
  expect(recent.read(51, 1, 1)).toBeUndefined();
  // There is room for as many records as at first.
  recent.add(51, records(51, 151));
  expect(recent.read(51, 1000, 10_000)).toEqual(records(51, 151));
});

test('starts again after a gap in the numbers', () => {
  const recent = new RecentRecords(1000);
  recent.add(1, records(1, 11));
  recent.add(21, records(21, 31));
  expect(recent.read(5, 1, 1)).toBeUndefined();
  expect(recent.read(21, 100, 10_000)).toEqual(records(21, 31));
});
