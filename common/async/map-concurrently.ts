import pLimit from 'p-limit';
import { abortReason } from './until-aborted';

/** Concurrency limit and abort signal of {@link mapConcurrently}. */
export interface MapConcurrentlyOptions {
  /** Maximum number of actions that run at the same time; at least 1. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs an action on every item, a limited number at a time, and resolves with the results in the
 * order of the items. Rejects with the first failure, or with {@link abortReason} when the signal
 * aborts. No action starts after that, and running actions are not awaited.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  { concurrency, signal }: MapConcurrentlyOptions,
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const limit = pLimit(concurrency);
  let failure: { readonly error: unknown } | undefined;
  return limit.map(items, async (item) => {
    // p-limit continues with the next item after a failure.
    if (failure !== undefined) throw failure.error;
    try {
      if (signal?.aborted === true) throw abortReason(signal);
      return await action(item);
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  });
}
