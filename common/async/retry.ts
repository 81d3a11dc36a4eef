import { type Backoff, backoffDelay } from './backoff';

/** When and how often an action is repeated. */
export interface RetryOptions {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Whether another attempt may succeed after this error. */
  readonly isRetryable: (error: unknown) => boolean;
  /** Waits before the next attempt. A rejection ends the retries and is passed on. */
  readonly wait: (ms: number) => Promise<unknown>;
}

/**
 * Runs an action until it succeeds, fails with an error that is not retryable, or has used up its
 * attempts; rejects with the error of the last attempt. The action is told its number, from 1.
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
