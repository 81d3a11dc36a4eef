import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLogger } from '../../../../common/runtime/logger';
import { Database, type Queries } from '../../../../control-plane/src/db/database';
import {
  type AfterCommitStep,
  type BeforeCommitStep,
  findHooks,
  hooksOf,
} from '../../../../control-plane/src/db/transaction-hooks';
import { type ConfigurationRevisionRow, Table } from '../../../../schema/tables';

const home = mkdtempSync(join(tmpdir(), 'layover-hooks-'));
const logged: string[] = [];
const log = createLogger(
  'test',
  'error',
  new Writable({
    write(line: Buffer, _encoding, done) {
      logged.push(line.toString());
      done();
    },
  }),
);
let database: Database;
beforeAll(async () => {
  database = Database.open({ dialect: 'sqlite', file: join(home, 'one.sqlite') }, log);
  await database.migrate();
});
afterAll(async () => {
  await database.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(() => logged.splice(0));

const deadlock = (): Error => Object.assign(new Error('deadlock'), { code: 'ER_LOCK_DEADLOCK' });

/** A step that records its items in `runs`. */
function recorded(runs: unknown[], name = 'record'): BeforeCommitStep<number> {
  return {
    name,
    run: (_queries, items) => {
      runs.push([name, ...items]);
      return Promise.resolve();
    },
  };
}

/** A step that records its items in `runs`. */
function recordedAfter<Item>(
  runs: unknown[],
  name: string,
  phase: AfterCommitStep<Item>['phase'] = 'announce',
): AfterCommitStep<Item> {
  return {
    name,
    phase,
    run: (_database, items) => {
      runs.push([name, ...items]);
      return Promise.resolve();
    },
  };
}

async function revision(queries: Queries = database.reader): Promise<number> {
  const row = await queries<ConfigurationRevisionRow>(Table.configurationRevision).first('revision');
  return row!.revision;
}

describe('a step before the commit', () => {
  test('runs once, after the work, with every distinct item', async () => {
    const runs: unknown[] = [];
    const step = recorded(runs);
    const result = await database.transaction((queries) => {
      hooksOf(queries).beforeCommit(step, [3, 1]);
      hooksOf(queries).beforeCommit(step, [1, 2]);
      expect(runs).toEqual([]);
      return Promise.resolve('done');
    });
    expect(result).toBe('done');
    expect(runs).toEqual([['record', 3, 1, 2]]);
  });

  test('does not run without items', async () => {
    const runs: unknown[] = [];
    await database.transaction((queries) => {
      hooksOf(queries).beforeCommit(recorded(runs), []);
      return Promise.resolve();
    });
    expect(runs).toEqual([]);
  });

  test('writes in the transaction, and rolls it back when it fails', async () => {
    const before = await revision();
    const increment: BeforeCommitStep<string> = {
      name: 'increment',
      run: async (queries, [outcome]) => {
        await queries(Table.configurationRevision).increment('revision', 1);
        expect(await revision()).toBe(before);
        if (outcome === 'fails') throw new Error('the step failed');
      },
    };
    const transaction = (outcome: string): Promise<void> =>
      database.transaction((queries) => {
        hooksOf(queries).beforeCommit(increment, [outcome]);
        return Promise.resolve();
      });
    await expect(transaction('fails')).rejects.toThrow('the step failed');
    expect(await revision()).toBe(before);
    await transaction('succeeds');
    expect(await revision()).toBe(before + 1);
  });

  test('may register further steps, which run too', async () => {
    const runs: unknown[] = [];
    const last = recorded(runs, 'last');
    const announce = recordedAfter<number>(runs, 'announce');
    const first: BeforeCommitStep<number> = {
      name: 'first',
      run: (queries, items) => {
        runs.push(['first', ...items]);
        hooksOf(queries).beforeCommit(last, items);
        hooksOf(queries).afterCommit(announce, items);
        return Promise.resolve();
      },
    };
    await database.transaction((queries) => {
      hooksOf(queries).beforeCommit(first, [1]);
      return Promise.resolve();
    });
    expect(runs).toEqual([
      ['first', 1],
      ['last', 1],
      ['announce', 1],
    ]);
  });

  test('runs early for code that settles it, and again only for what is registered afterwards', async () => {
    const runs: unknown[] = [];
    const step = recorded(runs);
    await database.transaction(async (queries) => {
      const hooks = hooksOf(queries);
      await hooks.settle(queries, step);
      hooks.beforeCommit(step, [1]);
      await hooks.settle(queries, step);
      expect(runs).toEqual([['record', 1]]);
      await hooks.settle(queries, step);
      hooks.beforeCommit(step, [2]);
    });
    expect(runs).toEqual([
      ['record', 1],
      ['record', 2],
    ]);
  });
});

describe('a step after the commit', () => {
  test('sees what was committed, and the transaction waits for it', async () => {
    const before = await revision();
    const seen: number[] = [];
    const step: AfterCommitStep<undefined> = {
      name: 'look',
      phase: 'announce',
      run: async ({ reader }) => {
        seen.push(await revision(reader));
      },
    };
    await database.transaction(async (queries) => {
      hooksOf(queries).afterCommit(step);
      hooksOf(queries).afterCommit(step);
      await queries(Table.configurationRevision).increment('revision', 1);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([before + 1]);
  });

  test('runs once with every distinct item, announcements before follow-ups, in the order of registration', async () => {
    const runs: unknown[] = [];
    const followUp = recordedAfter<string>(runs, 'follow up', 'follow-up');
    const one = recordedAfter<string>(runs, 'one');
    const two = recordedAfter<string>(runs, 'two');
    await database.transaction((queries) => {
      const hooks = hooksOf(queries);
      hooks.afterCommit(followUp, ['a']);
      hooks.afterCommit(two, ['b', 'c']);
      hooks.afterCommit(one, []);
      hooks.afterCommit(one, ['d']);
      hooks.afterCommit(two, ['c', 'e']);
      return Promise.resolve();
    });
    expect(runs).toEqual([
      ['two', 'b', 'c', 'e'],
      ['one', 'd'],
      ['follow up', 'a'],
    ]);
  });

  test('may run transactions, which have hooks of their own', async () => {
    const before = await revision();
    const runs: unknown[] = [];
    const inner = recordedAfter<undefined>(runs, 'inner');
    const outer: AfterCommitStep<undefined> = {
      name: 'outer',
      phase: 'follow-up',
      run: async (transactions) => {
        await transactions.transaction(async (queries) => {
          hooksOf(queries).afterCommit(inner);
          await queries(Table.configurationRevision).increment('revision', 1);
        });
        runs.push(['outer']);
      },
    };
    await database.transaction((queries) => {
      hooksOf(queries).afterCommit(outer);
      return Promise.resolve();
    });
    expect(runs).toEqual([['inner', undefined], ['outer']]);
    expect(await revision()).toBe(before + 1);
  });

  test('that fails is logged, and fails neither the transaction nor the steps after it', async () => {
    const runs: unknown[] = [];
    const before = await revision();
    const failing: AfterCommitStep<undefined> = {
      name: 'tell nobody',
      phase: 'announce',
      run: () => Promise.reject(deadlock()),
    };
    const next = recordedAfter<undefined>(runs, 'next');
    const result = await database.transaction(async (queries) => {
      hooksOf(queries).afterCommit(failing);
      hooksOf(queries).afterCommit(next);
      await queries(Table.configurationRevision).increment('revision', 1);
      return 'committed';
    });
    expect(result).toBe('committed');
    expect(await revision()).toBe(before + 1);
    expect(runs).toEqual([['next', undefined]]);
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0]!)).toMatchObject({ step: 'tell nobody', err: { message: 'deadlock' } });
  });
});

test('a rolled back transaction runs nothing', async () => {
  const runs: unknown[] = [];
  const work = database.transaction((queries) => {
    hooksOf(queries).beforeCommit(recorded(runs), [1]);
    hooksOf(queries).afterCommit(recordedAfter<number>(runs, 'after'), [1]);
    return Promise.reject(new Error('rolled back'));
  });
  await expect(work).rejects.toThrow('rolled back');
  expect(runs).toEqual([]);
});

test('an attempt that is repeated begins without what the last one registered', async () => {
  const runs: unknown[] = [];
  const before = recorded(runs, 'before');
  const after = recordedAfter<number>(runs, 'after');
  let attempt = 0;
  await database.transaction((queries) => {
    attempt += 1;
    hooksOf(queries).beforeCommit(before, [attempt]);
    hooksOf(queries).afterCommit(after, [attempt]);
    return attempt < 3 ? Promise.reject(deadlock()) : Promise.resolve();
  });
  expect(runs).toEqual([
    ['before', 3],
    ['after', 3],
  ]);
});

test('only what Database.transaction gives has hooks', async () => {
  expect(() => hooksOf(database.reader)).toThrow('have no transaction hooks');
  expect(findHooks(database.reader)).toBeUndefined();
  await database.readTogether((queries) => {
    expect(() => hooksOf(queries)).toThrow('have no transaction hooks');
    return Promise.resolve();
  });
  await database.transaction(async (queries) => {
    expect(findHooks(queries)).toBe(hooksOf(queries));
    await queries.transaction((nested) => {
      expect(() => hooksOf(nested)).toThrow('not a nested transaction');
      return Promise.resolve();
    });
  });
});

test('nothing can be registered with a transaction that has ended', async () => {
  const kept = await database.transaction((queries) => Promise.resolve(hooksOf(queries)));
  expect(() => kept.beforeCommit(recorded([], 'classify'), [1])).toThrow(
    "'classify' was registered with a transaction that has ended",
  );
  expect(() => kept.afterCommit(recordedAfter<undefined>([], 'announce'))).toThrow('has ended');
});
