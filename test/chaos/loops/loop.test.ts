import { runLoop } from './run-loop';
import { type Round, roundsOf } from './round';

/** The rounds that run with `npm test`: each target that fails differently, and two pauses. */
const SAMPLE: readonly Round[] = [
  { number: 1, afterMs: 400, kind: 'kill', target: 'edge-http' },
  { number: 2, afterMs: 500, kind: 'kill', target: 'data-plane' },
  { number: 3, afterMs: 450, kind: 'kill', target: 'control-plane' },
  { number: 4, afterMs: 600, kind: 'kill', target: 'parent' },
  { number: 5, afterMs: 400, kind: 'pause', target: 'data-plane', pauseMs: 2_000 },
  { number: 6, afterMs: 400, kind: 'pause', target: 'control-plane', pauseMs: 2_000 },
];

test('kills and pauses under load lose no record, spoil no bytes and leave a clean store', async () => {
  const result = await runLoop(SAMPLE, { seed: 1, onProgress: () => undefined });
  expect(result.problems).toEqual([]);
  expect(result.rounds).toHaveLength(SAMPLE.length);
  expect(result.fscks).toBe(1);
  // A run without these would check nothing.
  expect(result.requests.right).toBeGreaterThan(0);
  expect(result.requests.error + result.requests.cut).toBeGreaterThan(0);
  expect(result.records.answered).toBeGreaterThan(0);
}, 240_000);

test('a seed decides the rounds', () => {
  expect(roundsOf(20, 5, 1)).toEqual(roundsOf(20, 5, 1));
  expect(roundsOf(20, 5, 1)).not.toEqual(roundsOf(20, 5, 2));
  expect(roundsOf(20, 5, 1).map(({ kind }) => kind)).toEqual([...Array(20).fill('kill'), ...Array(5).fill('pause')]);
});
