import fc from 'fast-check';
import { SparePlanes } from '../../support/clocked/clocked-layover';
import { type RightsAction, rightsHistories } from './support/rights/rights-actions';
import { RightsHistory } from './support/rights/rights-history';
import { RightsStage } from './support/rights/rights-stage';

/**
 * Plays random histories of two organizations with different rights at one upstream, through two
 * data planes that restart and crash, and judges every answer, every record and the store. The
 * variables are described in docs/contributing/testing.md.
 */
const HISTORIES = Number(process.env['LAYOVER_TEST_RIGHTS_HISTORIES'] ?? 2);
const SEED = process.env['LAYOVER_TEST_RIGHTS_SEED'];
const SHRINK = process.env['LAYOVER_TEST_RIGHTS_SHRINK'] === '1';
/** Longest history, in steps. */
const STEPS = 40;
/** Time limit for one history in milliseconds, for a busy machine. */
const HISTORY_MS = 60_000;
/** The seeds without LAYOVER_TEST_RIGHTS_SEED. A longer run goes on from here. */
const FIRST_SEED = 1;

/** Prints a line if LAYOVER_TEST_RIGHTS_REPORT is set. */
function report(line: () => string): void {
  if (process.env['LAYOVER_TEST_RIGHTS_REPORT'] !== undefined) process.stderr.write(`${line()}\n`);
}

describe('random histories of organizations with different rights', () => {
  const spares = new SparePlanes();
  const counts = new Map<string, number>();
  let stage: RightsStage | undefined;
  let played = 0;

  afterAll(async () => {
    await stage?.close();
    await spares.close();
  });

  const playAll = async (actions: readonly RightsAction[]): Promise<void> => {
    stage ??= await RightsStage.start(spares);
    const history = new RightsHistory(stage, (played += 1));
    let step = 'begin';
    try {
      await history.begin();
      for (const [index, action] of actions.entries()) {
        step = `step ${index} ${JSON.stringify(action)}`;
        report(() => step);
        await history.play(action);
      }
      step = 'end';
      await history.end();
    } catch (error) {
      // The next history, for example one of a shrinking, starts from nothing.
      await stage.close();
      stage = undefined;
      throw new Error(`${step}: ${(error as Error).message}`, { cause: error });
    } finally {
      for (const [what, count] of history.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    }
  };

  test(
    'serve only what an account may read, no older than allowed, with one record for each answer',
    async () => {
      const first = Number(SEED ?? FIRST_SEED);
      for (let seed = first; seed < first + HISTORIES; seed += 1) {
        await fc.assert(fc.asyncProperty(rightsHistories(STEPS), playAll), {
          seed,
          endOnFailure: !SHRINK,
          numRuns: 1,
        });
        report(() => `seed ${seed} is right`);
      }
      report(() => JSON.stringify(Object.fromEntries([...counts].sort())));
    },
    SHRINK ? 24 * 3_600_000 : 60_000 + HISTORIES * HISTORY_MS,
  );
});
