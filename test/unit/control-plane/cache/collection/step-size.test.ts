import { createLogger } from '../../../../../common/runtime/logger';
import { StepSize } from '../../../../../control-plane/src/cache/collection/step-size';
import type { Queries, Transactions } from '../../../../../control-plane/src/db/queries';
import { TransactionHooks } from '../../../../../control-plane/src/db/transaction-hooks';
import { TestClock } from '../../../../support/test-clock';

const clock = new TestClock();

/** Returns the limits of consecutive full steps that take `msPerRow` per row. */
async function limits(size: StepSize, msPerRow: number, steps: number): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let step = 0; step < steps; step++) {
    await size.take((limit) => {
      taken.push(limit);
      clock.advance(limit * msPerRow);
      return Promise.resolve(limit);
    });
  }
  return taken;
}

test('StepSize shrinks until a step takes 50 ms', async () => {
  const taken = await limits(new StepSize(400, clock), 2, 5);
  expect(taken).toEqual([100, 25, 25, 25, 25]);
});

test('StepSize grows with fast rows up to the maximum', async () => {
  expect(await limits(new StepSize(400, clock), 0, 5)).toEqual([100, 200, 400, 400, 400]);
});

test('StepSize never falls below the minimum', async () => {
  expect((await limits(new StepSize(400, clock), 1000, 3)).at(-1)).toBe(10);
});

test('StepSize ignores the duration of a step that was not full', async () => {
  const size = new StepSize(400, clock);
  expect(await size.take(() => Promise.resolve(3))).toEqual({ found: 3, isFull: false });
  expect(await limits(size, 0.5, 1)).toEqual([100]);
});

test('StepSize does not measure the time after the commit', async () => {
  const size = new StepSize(400, clock);
  const step = async (limit: number, begin: (transaction: Queries) => void): Promise<number> => {
    const transaction = { client: 'none' } as unknown as Queries;
    const hooks = TransactionHooks.attach(transaction);
    begin(transaction);
    clock.advance(limit * 0.5);
    await hooks.runBeforeCommit(transaction);
    await hooks.runAfterCommit(() => ({}) as Transactions, createLogger('test', 'silent'));
    clock.advance(1000);
    return limit;
  };
  await size.take(step);
  expect(await limits(size, 0, 1)).toEqual([100]);
});
