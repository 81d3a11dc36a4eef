import { type Backoff, backoffDelay } from './backoff';

/** When and how often an action is retried. */
export interface RetryOptions {
  /** Maximum number of attempts, including the first one. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Returns true if another attempt may succeed after this error. */
  readonly isRetryable: (error: unknown) => boolean;
  /** Waits before the next attempt. If it rejects, {@link retry} rejects with the same reason. */
  readonly wait: (ms: number) => Promise<unknown>;
}

/**
 * Runs an action until it succeeds, fails with an error that is not retryable, or has used all
 * attempts. Rejects with the error of the last attempt. Passes the number of the attempt, starting
 * with 1, to the action.
 */
export async function retry<T>(
  { attempts, backoff, isRetryable, wait }: RetryOptions,
  action: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt >= attempts || !isRetryable(error)) throw error;
      await wait(backoffDelay(backoff, attempt));
    }
  }
}
