import { Deferred } from '../../../../../common/async/deferred';
import { RunningProbes } from '../../../../../control-plane/src/graphql/limits/running-probes';

test('RunningProbes limits the running probes of a token and of all tokens, and frees failed ones', async () => {
  const probes = new RunningProbes();
  const end = new Deferred();
  const started: string[] = [];
  const run = (token: string): Promise<void> =>
    probes.run(token, () => {
      started.push(token);
      return end.promise;
    });
  const limited = { code: 'RATE_LIMITED', retryAfterSeconds: 5 };
  const running = Array.from({ length: 10 }, () => run('a'));
  await expect(run('a')).rejects.toMatchObject(limited);
  for (const token of ['b', 'c', 'd']) running.push(...Array.from({ length: 10 }, () => run(token)));
  await expect(run('e')).rejects.toMatchObject(limited);
  expect(started).toHaveLength(40);
  end.reject(new Error('the probe failed'));
  await Promise.allSettled(running);
  expect(await probes.run('a', () => Promise.resolve('done'))).toBe('done');
});
