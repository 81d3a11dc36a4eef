import fc from 'fast-check';
import { SparePlanes } from '../../support/clocked/clocked-layover';
import { onMysql } from '../../support/control-plane/test-database';
import { type Action, histories } from './model/actions';
import { BoundsStage } from './model/bounds-stage';
import { History } from './model/history';

/**
 * Random histories of a cache under the rules of docs/design/bounds.md, each from empty to empty,
 * played on the real planes and held against a model after every step. LAYOVER_TEST_MODEL_SECONDS: for
 * how long (25). LAYOVER_TEST_MODEL_SEED and LAYOVER_TEST_MODEL_PATH: what a failure printed.
 */
const SECONDS = Number(process.env['LAYOVER_TEST_MODEL_SECONDS'] ?? (onMysql() ? 15 : 25));
const SEED = Number(process.env['LAYOVER_TEST_MODEL_SEED'] ?? Date.now() % 2 ** 31);
const PATH = process.env['LAYOVER_TEST_MODEL_PATH'];
const SHRINK = process.env['LAYOVER_TEST_MODEL_SHRINK'] === '1';
const STEPS = Number(process.env['LAYOVER_TEST_MODEL_STEPS'] ?? 40);

/** LAYOVER_TEST_MODEL_REPORT: every step, and what came about. */
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

  test(
    'leave the cache in its bounds after every step',
    async () => {
      const end = Date.now() + SECONDS * 1000;
      let runs = 0;
      for (; runs === 0 || (Date.now() < end && PATH === undefined); runs += 1)
        await fc.assert(fc.asyncProperty(histories(STEPS), playAll), {
          seed: SEED + runs,
          ...(PATH === undefined ? {} : { path: PATH }),
          endOnFailure: !SHRINK,
          numRuns: 1,
        });
      expect(runs).toBeGreaterThan(0);
      report(() => `${runs} histories, seed ${SEED}: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
    },
    SECONDS * 1000 + 600_000,
  );
});
