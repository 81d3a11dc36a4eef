import { REQUEST_KINDS } from '../cases/chaos-case';
import { addImageContent, type ImageContent } from '../cases/subject';
import type { SightKind } from '../run/ask';
import { recordsOf } from '../run/verify';
import { waitUntil } from '../../support/real/wait-until';
import { type Asked, askAbout } from './asked';
import type { LoopRun, RoundOutcome } from './loop-run';
import { type LoopWorld, startLoopWorld } from './loop-world';
import { type EdgeEnd, type RecordReview, reviewRecords } from './review-records';
import type { Round } from './round';
import { runRound } from './run-round';

/** Number of rounds after which the records and the store are checked. */
const CHECK_EVERY = 25;
/** Number of cached images that clients pull. */
const KEPT_IMAGES = 8;
/** Time for the last records to arrive, in milliseconds. */
const RECORDS_MS = 20_000;

/** How rounds are run. */
export interface LoopOptions {
  readonly seed: number;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
  /** Called after each round and each check, with a line for people. */
  readonly onProgress: (line: string) => void;
}

/** What a run found. */
export type LoopResult = Pick<LoopRun, 'requests' | 'nextPulls' | 'records' | 'fscks' | 'rounds' | 'problems'>;

/**
 * Runs rounds one after the other in one Layover, and checks the records and the store every 25
 * rounds and at the end. A round after which Layover does not come back is a problem and ends the
 * run.
 */
export async function runLoop(rounds: readonly Round[], options: LoopOptions): Promise<LoopResult> {
  const world = await startLoopWorld();
  try {
    return await run(world, rounds, options);
  } finally {
    await world.stop();
  }
}

async function run(
  world: LoopWorld,
  rounds: readonly Round[],
  { seed, signal, onProgress }: LoopOptions,
): Promise<LoopResult> {
  const asked: Asked[] = [];
  const edgeEnds: EdgeEnd[] = [];
  const outcomes: RoundOutcome[] = [];
  const problems: string[] = [];
  let nextPulls = 0;
  let fscks = 0;
  let review: RecordReview = { answered: 0, lostWithEdge: 0, unanswered: 0, unansweredRecorded: 0, problems: [] };
  let cached: readonly ImageContent[] = [addImageContent(world, 'loop/first', `${seed} first`)];
  for (const request of REQUEST_KINDS)
    asked.push(await askAbout(world, cached[0]!, request, { round: 0, id: `loop-0-${request}` }));

  const check = async (): Promise<void> => {
    await world.settled();
    review = await reviewed(world, asked, edgeEnds);
    const found = (await world.fsck()).map(({ kind, digest }) => `fsck: ${kind} ${digest ?? ''}`);
    fscks += 1;
    problems.push(...found);
    onProgress(
      `Checked ${review.answered} answered pulls and the store: ${review.problems.length} problems of records, ` +
        `${found.length} of the store.`,
    );
  };

  for (const round of rounds) {
    if (signal?.aborted === true) break;
    try {
      const result = await runRound(world, round, { seed, cached });
      for (const one of result.asked) asked.push(one);
      if (result.edgeEnd !== undefined) edgeEnds.push(result.edgeEnd);
      outcomes.push(result.outcome);
      problems.push(...result.problems);
      nextPulls += result.nextPulls;
      const all = [...cached, ...result.added];
      for (const old of all.slice(0, -KEPT_IMAGES)) old.forget();
      cached = all.slice(-KEPT_IMAGES);
      onProgress(lineOf(result.outcome, rounds.length, result.asked.length));
      for (const problem of result.problems) onProgress(`FAILED ${problem}`);
      if (round.number % CHECK_EVERY === 0 && round.number < rounds.length) await check();
    } catch (error) {
      problems.push(`round ${round.number}, ${round.kind} of ${round.target}: ${String(error)}`);
      onProgress(`FAILED ${problems.at(-1)}`);
      break;
    }
  }
  await check().catch((error: unknown) => problems.push(`records and store could not be checked: ${String(error)}`));

  const { problems: ofRecords, ...records } = review;
  const requests: Record<SightKind, number> = { right: 0, error: 0, cut: 0, wrong: 0, late: 0 };
  for (const { sight } of asked) requests[sight.kind] += 1;
  return { requests, nextPulls, records, fscks, rounds: outcomes, problems: [...problems, ...ofRecords] };
}

/** Waits for the last records, and compares them. */
async function reviewed(
  world: LoopWorld,
  asked: readonly Asked[],
  edgeEnds: readonly EdgeEnd[],
): Promise<RecordReview> {
  let review: RecordReview | undefined;
  const isRight = async (): Promise<boolean> => {
    review = reviewRecords(asked, await recordsOf(world), edgeEnds);
    return review.problems.length === 0;
  };
  await waitUntil('the records', isRight, RECORDS_MS, 1000).catch(() => undefined);
  if (review === undefined) throw new Error('The records could not be read');
  return review;
}

function lineOf(
  { number, kind, target, cachedSeconds, freshSeconds }: RoundOutcome,
  all: number,
  requests: number,
): string {
  const times = `cached image after ${cachedSeconds.toFixed(2)} s, new image after ${freshSeconds.toFixed(2)} s`;
  return `… ${number}/${all}: ${kind} of ${target}, ${times}, ${requests} requests`;
}
