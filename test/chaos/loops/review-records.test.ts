import type { ImageContent } from '../cases/subject';
import type { Sight, SightKind } from '../run/ask';
import type { Asked } from './asked';
import { reviewRecords } from './review-records';

function pull(kind: SightKind, status: number, round = 3, endedAt = 1_000): Asked {
  const sight: Sight = { kind, status, bodyBytes: 0, seconds: 0.1, detail: '', requestId: 'one' };
  return { round, content: {} as ImageContent, request: 'manifest-tag', isPull: true, sight, endedAt };
}

function records(...statuses: readonly number[]): Map<string, { httpStatus: number }[]> {
  return new Map(statuses.length === 0 ? [] : [['one', statuses.map((httpStatus) => ({ httpStatus }))]]);
}

test.each([
  ['one record with the status of the answer', pull('right', 200), records(200)],
  ['one record of an error', pull('error', 503), records(503)],
  ['no record of a pull without an answer', pull('cut', 0), records()],
  ['one record of a pull whose answer broke off', pull('cut', 200), records(503)],
])('accepts %s', (_, one, found) => {
  expect(reviewRecords([one], found, []).problems).toEqual([]);
});

test.each([
  ['no record of an answer', pull('right', 200), records()],
  ['two records of an answer', pull('right', 200), records(200, 200)],
  ['a record with another status', pull('right', 200), records(503)],
  ['two records of a pull without an answer', pull('cut', 0), records(200, 503)],
  ['no record of an error while the edge lived', pull('error', 503), records()],
])('reports %s', (_, one, found) => {
  expect(reviewRecords([one], found, []).problems).toHaveLength(1);
});

test('counts an error as lost only if its edge was killed soon afterwards', () => {
  const review = (one: Asked, round: number): readonly number[] => {
    const { lostWithEdge, problems } = reviewRecords([one], records(), [{ round, at: 2_000 }]);
    return [lostWithEdge, problems.length];
  };
  expect(review(pull('error', 503), 3)).toEqual([1, 0]);
  expect(review(pull('error', 503), 4)).toEqual([1, 0]);
  // The edge had time to report it.
  expect(review(pull('error', 503), 5)).toEqual([0, 1]);
  // It was answered by the next edge.
  expect(review(pull('error', 503, 3, 3_000), 3)).toEqual([0, 1]);
  // A data plane made this answer, and its journal keeps it.
  expect(review(pull('right', 200), 3)).toEqual([0, 1]);
});
