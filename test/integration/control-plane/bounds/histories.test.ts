import fc from 'fast-check';
import { SparePlanes } from '../../../support/clocked/clocked-layover';
import { onMysql } from '../../../support/control-plane/test-database';
import { type Action, histories } from './model/actions';
import { BoundsStage } from './model/bounds-stage';
import { History } from './model/history';

/**
 * Plays random histories of a cache on the real planes, each from empty to empty, and compares the
 * planes with a model after every step. The variables are described in
 * docs/contributing/testing.md.
 */
const HISTORIES = Number(process.env['LAYOVER_TEST_MODEL_HISTORIES'] ?? (onMysql() ? 1 : 2));
const SEED = process.env['LAYOVER_TEST_MODEL_SEED'];
const PATH = process.env['LAYOVER_TEST_MODEL_PATH'];
const SHRINK = process.env['LAYOVER_TEST_MODEL_SHRINK'] === '1';
const STEPS = Number(process.env['LAYOVER_TEST_MODEL_STEPS'] ?? 40);
/** Seeds that are always played. The first once found a bug of the model after an outage. */
const FIXED_SEEDS: readonly number[] = onMysql() ? [716_765_559] : [716_765_559, 1, 2];
/** Time limit for one history in milliseconds, for a busy machine. */
const HISTORY_MS = 120_000;

/** Returns the seeds of this run: the given one, or the fixed ones and some new ones. */
function seeds(): readonly number[] {
  const first = SEED === undefined ? Date.now() % 2 ** 31 : Number(SEED);
  const others = Array.from({ length: PATH === undefined ? HISTORIES : 1 }, (_, index) => first + index);
  return SEED === undefined ? [...FIXED_SEEDS, ...others] : others;
}

/** Prints every step and the counters if LAYOVER_TEST_MODEL_REPORT is set. */
function report(line: () => string): void {
  if (process.env['LAYOVER_TEST_MODEL_REPORT'] !== undefined) process.stderr.write(`${line()}\n`);
}

describe('random histories', () => {
  const spares = new SparePlanes();
  const counts = new Map<string, number>();

  afterAll(() => spares.close());

  const playAll = async (actions: readonly Action[]): Promise<void> => {
    const stage = await BoundsStage.start(spares);
    const history = new History(stage);
    try {
      await history.begin();
      for (const [index, action] of actions.entries()) {
        report(() => `${index} ${JSON.stringify(action)}`);
        await history.play(action).catch((error: unknown) => {
          throw new Error(
            `step ${index} ${JSON.stringify(action)}: ${(error as Error).message}\n${stage.layover.output()}`,
            { cause: error },
          );
        });
      }
      await history.end();
    } finally {
      for (const [what, count] of history.state.counts) counts.set(what, (counts.get(what) ?? 0) + count);
      await stage.close();
    }
  };

  const played = seeds();

  test(
    'keep the cache within its bounds after every step',
    async () => {
      for (const seed of played)
        await fc.assert(fc.asyncProperty(histories(STEPS), playAll), {
          seed,
          ...(PATH === undefined ? {} : { path: PATH }),
          endOnFailure: !SHRINK,
          numRuns: 1,
        });
      report(() => `seeds ${played.join(' ')}: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
    },
    // Shrinking plays many histories to find the shortest failing one.
    SHRINK ? 24 * 3_600_000 : played.length * HISTORY_MS,
  );
});
