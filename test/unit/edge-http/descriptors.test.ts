import { DescriptorBudget } from '../../../edge-http/src/descriptors';

test('clients and blobs together never need more than the limit', () => {
  const budget = new DescriptorBudget(256);
  const extras: (() => void)[] = [];
  for (let leave = budget.tryTake(); leave !== undefined; leave = budget.tryTake()) extras.push(leave);
  // A quarter of what the reserve of 48 leaves.
  expect([extras.length, budget.mostClients]).toEqual([52, 156]);
  extras.pop()!();
  expect(budget.mostClients).toBe(157);
});

test('a place that is given back twice counts once', () => {
  const budget = new DescriptorBudget(256);
  const leave = budget.tryTake()!;
  leave();
  leave();
  expect(budget.mostClients).toBe(208);
});

test('blobs get no place while clients need all', () => {
  const budget = new DescriptorBudget(256);
  const ends = Array.from({ length: 208 }, () => budget.connected());
  expect(budget.tryTake()).toBeUndefined();
  ends[0]!();
  expect(budget.tryTake()).toBeDefined();
});

test('three quarters of the connections make it tight', () => {
  const budget = new DescriptorBudget(256);
  for (let count = 0; count < 156; count += 1) budget.connected();
  expect(budget.isTight).toBe(false);
  const end = budget.connected();
  expect(budget.isTight).toBe(true);
  end();
  expect(budget.isTight).toBe(false);
});

test('listeners hear how many clients there may be', () => {
  const budget = new DescriptorBudget(256);
  const heard: number[] = [];
  budget.onChange(() => heard.push(budget.mostClients));
  budget.tryTake()!();
  expect(heard).toEqual([207, 208]);
});

test('without a limit there is always a place', () => {
  const budget = new DescriptorBudget(Infinity);
  for (let count = 0; count < 10_000; count += 1) budget.connected();
  expect([budget.tryTake() !== undefined, budget.mostClients, budget.isTight]).toEqual([true, Infinity, false]);
});

test('a very small limit leaves room for a few clients', () => {
  expect(new DescriptorBudget(20).mostClients).toBe(8);
});
