import { judge, verdictOf } from '../../../../bench/src/comparison/judge';
import { comparison } from '../support';

const met = (changes: Parameters<typeof comparison>[0]): readonly (boolean | undefined)[] =>
  judge(comparison(changes)).must.map((judgement) => judgement.met);

test('compares the median of Layover with a multiple of the median of a peer', () => {
  expect(met({ layover: [1300] })[0]).toBe(true);
  expect(met({ layover: [1299] })[0]).toBe(false);
});

test('a bound on a peer that was not measured is unknown, and does not count', () => {
  expect(met({})).toEqual([true, undefined]);
  expect(verdictOf(comparison())).toBe('PASS');
});

test('one missed bound is BELOW', () => {
  expect(verdictOf(comparison({ layover: [1299] }))).toBe('BELOW');
});

test('without a bound that can be checked there is no verdict', () => {
  expect(verdictOf(comparison({ peers: [] }))).toBe('');
});

test('a bound on the best peer takes the lowest figure if less is better', () => {
  const peers = [
    { peer: 'distribution-2', samples: [0.6] },
    { peer: 'zot', samples: [0.5] },
  ] as const;
  const row = { id: 'warm-blob-cpu', better: 'lower', peers } as const;
  expect(met({ ...row, layover: [0.4] })).toEqual([true]);
  expect(met({ ...row, layover: [0.41] })).toEqual([false]);
});

test('a bound on a value and a bound on a reference are checked too', () => {
  const cold = { id: 'cold-blob', better: 'lower', references: [{ name: 'direct download', samples: [0.2] }] } as const;
  expect(judge(comparison({ ...cold, layover: [0.2] })).towards?.met).toBe(true);
  expect(judge(comparison({ ...cold, layover: [0.21] })).towards?.met).toBe(false);
  expect(met({ id: 'idle-memory', better: 'lower', layover: [250] })).toEqual([true]);
  expect(met({ id: 'idle-memory', better: 'lower', layover: [251] })).toEqual([false]);
});
