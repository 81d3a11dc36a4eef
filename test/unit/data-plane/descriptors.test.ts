import { planDescriptors } from '../../../data-plane/src/descriptors';

test.each([256, 512, 1024, 65_536])('the parts of a limit of %d fit into it', (limit) => {
  const { reads, fills, connectionsPerOrigin, channels } = planDescriptors(limit);
  // A fill has a spool file; its connection is one of those to its upstream. 64 are for the rest.
  expect(reads + fills + connectionsPerOrigin + channels + 64).toBeLessThanOrEqual(limit);
});

test('a small limit leaves room for some of everything', () => {
  expect(planDescriptors(64)).toEqual({ reads: 4, fills: 4, connectionsPerOrigin: 4, channels: 4 });
});

test('without a limit nothing is bounded', () => {
  const plan = planDescriptors(Infinity);
  expect(Object.values(plan)).toEqual([Infinity, Infinity, Infinity, Infinity]);
});
