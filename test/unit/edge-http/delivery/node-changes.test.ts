import { LayoverError } from '../../../../common/errors/layover-error';
import { NodeChanges } from '../../../../edge-http/src/delivery/node-changes';

const lost = new LayoverError('DATA_PLANE_UNAVAILABLE');

test('avoids every node that failed since the last byte', () => {
  const changes = new NodeChanges();
  expect(changes.recordFailure(lost, 'a', 0)).toEqual(['a']);
  expect(changes.recordFailure(lost, 'b', 0)).toEqual(['a', 'b']);
  // The node that sent bytes is good, but not any more; the others may be back.
  expect(changes.recordFailure(lost, 'c', 100)).toEqual(['c']);
  expect(changes.recordFailure(lost, 'a', 100)).toEqual(['c', 'a']);
});

test('gives up after three nodes without a byte between them', () => {
  const changes = new NodeChanges();
  for (const node of ['a', 'b', 'c']) changes.recordFailure(lost, node, 10);
  expect(() => changes.recordFailure(lost, 'd', 10)).toThrow(lost);
});

test('survives 16 failures of nodes that sent bytes, and no more', () => {
  const changes = new NodeChanges();
  for (let sent = 1; sent <= 16; sent += 1) expect(changes.recordFailure(lost, 'a', sent)).toEqual(['a']);
  expect(() => changes.recordFailure(lost, 'a', 17)).toThrow(lost);
});

test('passes on a failure that another node would repeat', () => {
  const failure = new LayoverError('UPSTREAM_CONTENT', { message: 'wrong bytes' });
  expect(() => new NodeChanges().recordFailure(failure, 'a', 0)).toThrow(failure);
  const foreign = new TypeError('a fault of the edge');
  expect(() => new NodeChanges().recordFailure(foreign, 'a', 0)).toThrow(foreign);
});
