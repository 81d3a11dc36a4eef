import pLimit from 'p-limit';
import { abortReason } from './until-aborted';

/** How a list is worked through. */
export interface MapConcurrentlyOptions {
  /** Actions that run at a time, 1 or more. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs an action on every item, a bounded number at a time, and resolves with the results in the
 * order of the items. Rejects with the first failure, or with {@link abortReason} when the signal
 * aborts; actions that have not begun by then are not begun, and those under way are not waited for.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  { concurrency, signal }: MapConcurrentlyOptions,
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const limit = pLimit(concurrency);
  let failure: { readonly error: unknown } | undefined;
  return limit.map(items, async (item) => {
    // The limit itself would go on with the next item.
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
