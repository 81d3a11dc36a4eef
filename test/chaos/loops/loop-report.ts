import type { LoopRun, RoundOutcome } from './loop-run';
import { TARGETS } from './round';

/** Returns the generated part of docs/reliability.md about kills and pauses, as lines. */
export function loopSection(run: LoopRun): readonly string[] {
  return [
    `Seed ${run.seed}, ${run.at.slice(0, 10)}, Layover ${run.layover}, Node.js ${run.node},`,
    `${run.machine}, load average ${run.loadBefore.toFixed(1)} before the run, ${run.minutes.toFixed(0)} minutes.`,
    '',
    ...loopCounts(run).map((line) => `- ${line}`),
    ...(run.problems.length === 0 ? [] : ['', 'Problems:', '', ...run.problems.map((one) => `- ${one}`)]),
    '',
    'Seconds to the first right answer, median and longest, after a kill or after the end of a pause:',
    '',
    '| | rounds | cached image | new image |',
    '|---|---|---|---|',
    ...timesOf(run.rounds).map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

/** Returns the summary that a run prints, as lines. */
export function loopSummary(run: LoopRun): readonly string[] {
  return [
    ...loopCounts(run),
    ...timesOf(run.rounds).map(
      ([what, rounds, cached, fresh]) => `${what}, ${rounds} rounds: cached image ${cached} s, new image ${fresh} s`,
    ),
    `${run.problems.length} problems. ${run.minutes.toFixed(1)} minutes.`,
  ];
}

function loopCounts({ rounds, requests, nextPulls, records, fscks, problems }: LoopRun): readonly string[] {
  const of = (kind: string): number => rounds.filter((round) => round.kind === kind).length;
  const all = Object.values(requests).reduce((sum, count) => sum + count, 0);
  return [
    `${of('kill')} kills and ${of('pause')} pauses.`,
    `${all} requests: ${requests.right} right, ${requests.error} clean errors, ${requests.cut} broken connections, ` +
      `${requests.wrong} wrong, ${requests.late} without an end in time.`,
    `${nextPulls} of these requests came after a round and had to be right at the first try.`,
    `${records.answered} pulls with an answer were compared with their records. ${records.lostWithEdge} answers were ` +
      'lost with an edge that was killed before it could report them.',
    `${records.unanswered} pulls had no complete answer; ${records.unansweredRecorded} of them have a record.`,
    `fsck ran ${fscks} times. ${problems.length} checks failed.`,
  ];
}

function timesOf(rounds: readonly RoundOutcome[]): readonly (readonly string[])[] {
  return (['kill', 'pause'] as const).flatMap((kind) =>
    TARGETS.flatMap((target) => {
      const some = rounds.filter((round) => round.kind === kind && round.target === target);
      if (some.length === 0) return [];
      const cached = some.map(({ cachedSeconds }) => cachedSeconds);
      const fresh = some.map(({ freshSeconds }) => freshSeconds);
      return [[`${kind} of ${target}`, String(some.length), medianAndMax(cached), medianAndMax(fresh)]];
    }),
  );
}

function medianAndMax(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return `${median.toFixed(2)}, ${sorted.at(-1)!.toFixed(2)}`;
}
