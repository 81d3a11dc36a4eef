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

test('a statement that pauses is not overtaken by one that was requested after the failure of another', async () => {
  const order: string[] = [];
  const statement = (sql: string) => (): void => {
    order.push(sql);
    if (sql === 'failing') throw new Error('broken');
  };
  const connection: PreparingConnection = { prepare: (sql) => ({ all: statement(sql), run: statement(sql) }) };
  const times = [0, 5, 5];
  const pause = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
  takeTurns(connection, { pause, now: () => times.shift() ?? 5 });
  const failing = connection.prepare('failing').run([]) as Promise<void>;
  const other = connection.prepare('other').run([]);
  await failing.catch(() => connection.prepare('rollback').run([]));
  await other;
  expect(order).toEqual(['failing', 'other', 'rollback']);
});

test('a statement with lists of values runs once for each, in order, and pauses in between', async () => {
  const rows = Array.from({ length: 100 }, (_, index) => [index]);
  const seen: unknown[] = [];
  let pauses = 0;
  let time = 0;
  const run = (bindings: unknown): void => {
    seen.push(bindings);
    time += 0.2;
  };
  const connection: PreparingConnection = { prepare: () => ({ all: run, run }) };
  takeTurns(connection, { pause: () => Promise.resolve(void (pauses += 1)), now: () => time });
  const first = connection.prepare('').run(rows);
  const second = connection.prepare('').run(['after']);
  await Promise.all([first, second]);
  expect(seen).toEqual([...rows, ['after']]);
  // The clock is read after every 32nd row, and 32 rows take more than 5 ms.
  expect(pauses).toBe(3);
});

test('a statement with lists of values stops at the first one that fails', async () => {
  const seen: unknown[] = [];
  const run = ([value]: readonly unknown[]): void => {
    seen.push(value);
    if (value === 2) throw new Error('broken');
  };
  const connection: PreparingConnection = { prepare: () => ({ all: run, run }) as never };
  takeTurns(connection);
  await expect(connection.prepare('').run([[1], [2], [3]])).rejects.toThrow('broken');
  expect(seen).toEqual([1, 2]);
});
