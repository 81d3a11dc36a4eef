import { Deferred } from '../../../../common/async/deferred';
import { mapConcurrently } from '../../../../common/async/map-concurrently';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('limits the number of concurrent actions and keeps the order of the results', async () => {
  const started: number[] = [];
  const gates = [1, 2, 3].map(() => new Deferred());
  const all = mapConcurrently([0, 1, 2], { concurrency: 2 }, async (item) => {
    started.push(item);
    await gates[item]!.promise;
    return item * 10;
  });
  await settle();
  expect(started).toEqual([0, 1]);
  gates[1]!.resolve();
  await settle();
  expect(started).toEqual([0, 1, 2]);
  gates[2]!.resolve();
  gates[0]!.resolve();
  expect(await all).toEqual([0, 10, 20]);
});

test('rejects with the first failure and starts no further action', async () => {
  const started: number[] = [];
  const all = mapConcurrently([0, 1, 2, 3], { concurrency: 2 }, async (item) => {
    started.push(item);
    await settle();
    if (item === 0) throw new Error('broken');
  });
  await expect(all).rejects.toThrow('broken');
  await settle();
  await settle();
  expect(started).toEqual([0, 1]);
});

test('starts no further action when the signal aborts', async () => {
  const started: number[] = [];
  const controller = new AbortController();
  const all = mapConcurrently([0, 1, 2], { concurrency: 1, signal: controller.signal }, async (item) => {
    started.push(item);
    controller.abort();
    await settle();
  });
  await expect(all).rejects.toMatchObject({ key: 'CANCELLED' });
  expect(started).toEqual([0]);
});
