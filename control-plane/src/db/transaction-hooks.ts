import type { Logger } from '../../../common/runtime/logger';
import type { Queries, Transactions } from './queries';

/** Work that a transaction owes before it commits, such as derived columns. */
export interface BeforeCommitStep<Item> {
  /** For error messages. */
  readonly name: string;
  /** Runs inside the transaction. If it throws, the transaction is rolled back. */
  run(queries: Queries, items: readonly Item[]): Promise<void>;
}

/** Work that follows a commit, such as telling listeners of it. */
export interface AfterCommitStep<Item> {
  /** For logs. */
  readonly name: string;
  /** Every `announce` step runs before the first `follow-up` step, which may start transactions. */
  readonly phase: 'announce' | 'follow-up';
  /**
   * Runs after the commit. If it throws, the error is logged and the transaction still succeeds.
   * Transactions that it runs on `database` never lead to the same step again.
   */
  run(database: Transactions, items: readonly Item[]): Promise<void>;
}

/** A step whose items are of any type. */
export type AnyAfterCommitStep = AfterCommitStep<unknown>;

/**
 * Items by the step that they wait for. A Map and a Set keep the order in which they were added.
 */
type Pending<Step> = Map<Step, Set<unknown>>;

/** The property of a transaction that holds its hooks. */
const HOOKS = Symbol('transaction hooks');

/**
 * Work that code inside a transaction registers to run just before its commit or after it. Each
 * step runs once with all items that were registered for it; equal items count once. Every attempt
 * of a transaction has its own hooks, so nothing that a rolled back attempt registered ever runs.
 */
export class TransactionHooks {
  private readonly before: Pending<BeforeCommitStep<unknown>> = new Map();
  private readonly after: Pending<AnyAfterCommitStep> = new Map();
  private ended = false;

  private constructor(private readonly causes: ReadonlySet<AnyAfterCommitStep>) {}

  /**
   * Makes the hooks of a transaction that has just begun; {@link hooksOf} finds them from now on.
   * `causes` are the steps that led to this transaction: none of them runs after it again.
   */
  static attach(transaction: Queries, causes: ReadonlySet<AnyAfterCommitStep> = new Set()): TransactionHooks {
    const hooks = new TransactionHooks(causes);
    Object.defineProperty(transaction, HOOKS, { value: hooks });
    return hooks;
  }

  /**
   * Runs `step` with `items` before the commit; no items means no run. Identical objects are the
   * same step, so a step is a constant or a field of a store, never a literal at the call site.
   */
  beforeCommit<Item>(step: BeforeCommitStep<Item>, items: Iterable<Item>): void {
    this.checkOpen(step.name);
    add(this.before, step, items);
  }

  /** Runs `step` after the commit, without items. */
  afterCommit(step: AfterCommitStep<undefined>): void;
  /** Runs `step` with `items` after the commit; no items means no run. */
  afterCommit<Item>(step: AfterCommitStep<Item>, items: Iterable<Item>): void;
  afterCommit<Item>(step: AfterCommitStep<Item | undefined>, items: Iterable<Item | undefined> = [undefined]): void {
    this.checkOpen(step.name);
    if (!this.causes.has(step)) add(this.after, step, items);
  }

  /**
   * Runs `step` now with the items that wait for it, if there are any. For code that reads what the
   * step derives before the transaction commits.
   */
  async settle<Item>(queries: Queries, step: BeforeCommitStep<Item>): Promise<void> {
    const items = this.before.get(step);
    if (items === undefined) return;
    this.before.delete(step);
    await step.run(queries, [...items] as Item[]);
  }

  /** Runs every step that waits for the commit, also those that are registered meanwhile. */
  async runBeforeCommit(queries: Queries): Promise<void> {
    for (let step = firstOf(this.before); step !== undefined; step = firstOf(this.before))
      await this.settle(queries, step);
    this.ended = true;
  }

  /**
   * Runs every step that waits for the end of the transaction, one after the other: first the
   * `announce` steps, then the `follow-up` steps, each in the order of registration. `databaseFor`
   * gives a step what it runs transactions on, with the causes of these. Never rejects.
   */
  async runAfterCommit(
    databaseFor: (causes: ReadonlySet<AnyAfterCommitStep>) => Transactions,
    log: Logger,
  ): Promise<void> {
    for (const phase of ['announce', 'follow-up'] as const)
      for (const [step, items] of this.after) {
        if (step.phase !== phase) continue;
        try {
          await step.run(databaseFor(new Set([...this.causes, step])), [...items]);
        } catch (error) {
          log.error({ err: error, step: step.name }, 'Work after a committed transaction failed');
        }
      }
  }

  private checkOpen(step: string): void {
    if (this.ended) throw new Error(`'${step}' was registered with a transaction that has ended`);
  }
}

/**
 * Returns the hooks of the transaction that `queries` belongs to. Throws an Error if there is none:
 * `queries` must be what Database.transaction passed to `work`, not the reader and not a nested
 * transaction.
 */
export function hooksOf(queries: Queries): TransactionHooks {
  const hooks = findHooks(queries);
  if (hooks === undefined)
    throw new Error(
      'These queries have no transaction hooks: use the queries that Database.transaction passes to its work, ' +
        'not the reader and not a nested transaction.',
    );
  return hooks;
}

/**
 * Returns the hooks of the transaction that `queries` belongs to, or undefined if it has none.
 */
export function findHooks(queries: Queries): TransactionHooks | undefined {
  return (queries as { readonly [HOOKS]?: TransactionHooks })[HOOKS];
}

function add<Step>(pending: Pending<Step>, step: Step, items: Iterable<unknown>): void {
  const known = pending.get(step) ?? new Set();
  for (const item of items) known.add(item);
  if (known.size > 0) pending.set(step, known);
}

function firstOf<Step>(pending: Pending<Step>): Step | undefined {
  return pending.keys().next().value;
}
