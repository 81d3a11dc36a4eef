import { setImmediate } from 'node:timers/promises';

/** How long statements of one connection may follow each other without a pause, in milliseconds. */
const SLICE_MS = 5;
/** How often a statement runs between two looks at the clock, if it runs for many rows. */
const ROWS_AT_ONCE = 32;

/** The part of a better-sqlite3 statement that knex calls. knex awaits what both return. */
interface Statement {
  all(bindings: unknown): unknown;
  run(bindings: unknown): unknown;
}

/** The part of a better-sqlite3 connection that knex calls. */
export interface PreparingConnection {
  prepare(sql: string): Statement;
}

/** How {@link takeTurns} pauses and measures. Tests replace both. */
export interface Turns {
  /** Gives the event loop to others. */
  readonly pause: () => Promise<unknown>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

const REAL: Turns = { pause: setImmediate, now: () => performance.now() };

/**
 * Lets the process do other work between the statements of a connection. better-sqlite3 runs each
 * statement synchronously, and knex waits for it with promises only, so a transaction of many
 * statements would otherwise keep the event loop to itself until its commit
 * (docs/design/bounds.md#admission-time). A statement itself is never interrupted, and statements
 * never overtake each other. A statement that is run with lists of values runs once for each list.
 */
export function takeTurns(connection: PreparingConnection, { pause, now }: Turns = REAL): void {
  const prepare = connection.prepare.bind(connection);
  let sliceStart = now();
  let last: Promise<unknown> = Promise.resolve();
  // Statements run in the order in which they were requested. Otherwise a rollback could overtake a
  // statement that pauses, which would then be committed on its own.
  const turn = <T>(work: () => T | Promise<T>): Promise<T> => {
    const result = last.then(async () => {
      if (now() - sliceStart >= SLICE_MS) {
        await pause();
        sliceStart = now();
      }
      return work();
    });
    last = result.catch(() => undefined);
    return result;
  };
  connection.prepare = (sql) => {
    const statement = prepare(sql);
    const all = statement.all.bind(statement);
    const run = statement.run.bind(statement);
    const runRows = async (rows: readonly (readonly unknown[])[]): Promise<unknown> => {
      let result: unknown;
      for (const [index, row] of rows.entries()) {
        if (index % ROWS_AT_ONCE === ROWS_AT_ONCE - 1 && now() - sliceStart >= SLICE_MS) {
          await pause();
          sliceStart = now();
        }
        result = run(row);
      }
      return result;
    };
    return Object.assign(statement, {
      all: (bindings: unknown) => turn(() => all(bindings)),
      run: (bindings: unknown) => turn(() => (isRows(bindings) ? runRows(bindings) : run(bindings))),
    });
  };
}

/** Returns whether bindings are the values of many rows: lists in a list (`runForEach`). */
function isRows(bindings: unknown): bindings is readonly (readonly unknown[])[] {
  return Array.isArray(bindings) && Array.isArray(bindings[0]);
}
