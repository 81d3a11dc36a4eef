import { backoffDelay } from '../../../../common/async/backoff';
import { retry } from '../../../../common/async/retry';

describe('backoffDelay', () => {
  const backoff = { firstMs: 100, maxMs: 5000 };

  test('doubles from the first delay up to the maximum', () => {
    expect([1, 2, 3, 6, 7, 1000].map((failures) => backoffDelay(backoff, failures))).toEqual([
      100, 200, 400, 3200, 5000, 5000,
    ]);
  });

  test('is shortened by at most the jitter', () => {
    const jittered = { ...backoff, jitter: 0.25 };
    expect(backoffDelay(jittered, 1, () => 0)).toBe(100);
    expect(backoffDelay(jittered, 1, () => 0.999999)).toBeCloseTo(75, 2);
  });
});

describe('retry', () => {
  const busy = new Error('busy');
  const delays: number[] = [];
  const wait = (ms: number): Promise<void> => {
    delays.push(ms);
    return Promise.resolve();
  };
  const options = { attempts: 3, backoff: { firstMs: 10, maxMs: 100 }, isRetryable: (e: unknown) => e === busy, wait };

  beforeEach(() => {
    delays.length = 0;
  });

  test('retries after growing delays until the action succeeds', async () => {
    const result = await retry(options, (attempt) => (attempt < 3 ? Promise.reject(busy) : Promise.resolve(attempt)));
    expect(result).toBe(3);
    expect(delays).toEqual([10, 20]);
  });

  test('rejects with the last error after the last attempt', async () => {
    const action = jest.fn(() => Promise.reject(busy));
    await expect(retry(options, action)).rejects.toBe(busy);
    expect(action).toHaveBeenCalledTimes(3);
  });

  test('rejects at once with an error that is not retryable', async () => {
    await expect(retry(options, () => Promise.reject(new Error('wrong')))).rejects.toThrow('wrong');
    expect(delays).toEqual([]);
  });

  test('rejects with the rejection of a wait', async () => {
    const stopped = { ...options, wait: () => Promise.reject(new Error('stopped')) };
    await expect(retry(stopped, () => Promise.reject(busy))).rejects.toThrow('stopped');
  });
});
