import type { AuditedPull } from '../../support/real/graphql-client';
import type { Asked } from './asked';

/** How the records compare with what clients saw. */
export interface RecordReview {
  /** Pulls with a complete answer; each must have one record with its status. */
  readonly answered: number;
  /** Answers of an edge that was killed before it could report them: known losses. */
  readonly lostWithEdge: number;
  /** Pulls without a complete answer; each may have one record. */
  readonly unanswered: number;
  readonly unansweredRecorded: number;
  readonly problems: readonly string[];
}

/** The end of an edge that was killed. */
export interface EdgeEnd {
  readonly round: number;
  /** Monotonic time, in milliseconds. */
  readonly at: number;
}

/** Compares pulls with their records, which are given by the ids of the requests. */
export function reviewRecords(
  all: readonly Asked[],
  records: ReadonlyMap<string, readonly Pick<AuditedPull, 'httpStatus'>[]>,
  edgeEnds: readonly EdgeEnd[],
): RecordReview {
  const counts = { answered: 0, lostWithEdge: 0, unanswered: 0, unansweredRecorded: 0 };
  const problems: string[] = [];
  for (const one of all.filter(({ isPull }) => isPull)) {
    const { sight, round, request } = one;
    const found = records.get(sight.requestId) ?? [];
    const problem = (expected: string): void => {
      const seen = found.map(({ httpStatus }) => httpStatus).join(', ');
      problems.push(
        `round ${round}, ${request} (${sight.requestId}): expected ${expected}; found ${found.length} (${seen})`,
      );
    };
    if (isAnswered(one)) {
      counts.answered += 1;
      if (found.length === 0 && mayBeLost(one, edgeEnds)) counts.lostWithEdge += 1;
      else if (found.length !== 1 || found[0]!.httpStatus !== sight.status) problem(`one record with ${sight.status}`);
    } else {
      counts.unanswered += 1;
      if (found.length > 0) counts.unansweredRecorded += 1;
      if (found.length > 1) problem('at most one record');
    }
  }
  return { ...counts, problems };
}

/** Returns true if the client got a complete answer. */
export function isAnswered({ sight }: Asked): boolean {
  return sight.status !== 0 && sight.kind !== 'cut' && sight.kind !== 'late';
}

/** An edge keeps its own answers (503, 504) in memory until a data plane accepts them. */
function mayBeLost({ sight, round, endedAt }: Asked, edgeEnds: readonly EdgeEnd[]): boolean {
  const isOfEdge = sight.status === 503 || sight.status === 504;
  return isOfEdge && edgeEnds.some((end) => endedAt <= end.at && end.round - round <= 1);
}
