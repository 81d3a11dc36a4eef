import { type PreparingConnection, takeTurns } from '../../../../control-plane/src/db/event-loop-turns';

/**
 * Runs statements that take `ms` each on a clock of their own, and returns how often they paused.
 */
async function runStatements(ms: number, count: number): Promise<number> {
  let pauses = 0;
  let time = 0;
  const run = (): string => {
    time += ms;
    return 'result';
  };
  const connection: PreparingConnection = { prepare: () => ({ all: run, run }) };
  const pause = (): Promise<void> => Promise.resolve(void (pauses += 1));
  takeTurns(connection, { pause, now: () => time });
  for (let index = 0; index < count; index += 1)
    expect(await connection.prepare('')[index % 2 === 0 ? 'all' : 'run']([])).toBe('result');
  return pauses;
}

test('statements pause when those before them took 5 ms together', async () => {
  // The first statement follows no other one.
  expect(await runStatements(5, 10)).toBe(9);
  expect(await runStatements(2, 10)).toBe(3);
});

test('short statements follow each other without a pause', async () => {
  expect(await runStatements(1, 5)).toBe(0);
});

test('a statement that fails rejects', async () => {
  const connection: PreparingConnection = {
    prepare: () => ({
      all: (): unknown => {
        throw new Error('broken');
      },
      run: () => undefined,
    }),
  };
  takeTurns(connection);
  await expect(connection.prepare('').all([])).rejects.toThrow('broken');
});
