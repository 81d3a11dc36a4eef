import { CoalescedRuns } from '../../../../common/async/coalesced-runs';
import { Deferred } from '../../../../common/async/deferred';
import { KeyedMutex } from '../../../../common/async/keyed-mutex';
import { SingleFlight } from '../../../../common/async/single-flight';

/** Lets all pending callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('SingleFlight', () => {
  test('shares one call among callers of a key and keeps other keys separate', async () => {
    const flights = new SingleFlight<string>();
    const answer = new Deferred<string>();
    const call = jest.fn(() => answer.promise);
    const outcomes = [flights.run('a', call), flights.run('a', call), flights.run('b', call)];
    expect(call).toHaveBeenCalledTimes(2);
    answer.resolve('answer');
    expect(await Promise.all(outcomes)).toEqual(['answer', 'answer', 'answer']);
  });

  test('shares a failure but does not store it', async () => {
    const flights = new SingleFlight<string>();
    const call = jest.fn(() => Promise.reject(new Error('broken')));
    const outcomes = await Promise.allSettled([flights.run('a', call), flights.run('a', call)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(call).toHaveBeenCalledTimes(1);
    await expect(flights.run('a', () => Promise.resolve('new'))).resolves.toBe('new');
  });

  test('starts a new call for a caller that asks again after its result', async () => {
    const flights = new SingleFlight<number>();
    let calls = 0;
    const call = (): Promise<number> => Promise.resolve((calls += 1));
    expect(await flights.run('a', call).then(() => flights.run('a', call))).toBe(2);
  });

  test('continues a call for the other callers when one leaves', async () => {
    const flights = new SingleFlight<string>();
    const answer = new Deferred<string>();
    const leaver = new AbortController();
    const leaving = flights.run('a', () => answer.promise, leaver.signal);
    const staying = flights.run('a', () => answer.promise);
    leaver.abort();
    await expect(leaving).rejects.toMatchObject({ key: 'CANCELLED' });
    answer.resolve('answer');
    await expect(staying).resolves.toBe('answer');
  });

  test('finishes an abandoned call that can be joined and does not report its failure', async () => {
    const flights = new SingleFlight<string>();
    const answer = new Deferred<string>();
    let given: AbortSignal | undefined;
    const leaver = new AbortController();
    const leaving = flights.run('a', (signal) => ((given = signal), answer.promise), leaver.signal);
    leaver.abort();
    await expect(leaving).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(given?.aborted).toBe(false);
    const joining = flights.run('a', () => Promise.resolve('another'));
    answer.reject(new Error('broken'));
    await expect(joining).rejects.toThrow('broken');
  });

  test("aborts an abandoned call with whenAbandoned: 'abort' and starts another one for the next caller", async () => {
    const flights = new SingleFlight<string>({ whenAbandoned: 'abort' });
    const answer = new Deferred<string>();
    const given: AbortSignal[] = [];
    const call = (signal: AbortSignal): Promise<string> => (given.push(signal), answer.promise);
    const callers = [new AbortController(), new AbortController()];
    const leaving = Promise.allSettled(callers.map(({ signal }) => flights.run('a', call, signal)));
    callers[0]!.abort();
    await settle();
    expect(given[0]!.aborted).toBe(false);
    callers[1]!.abort();
    await leaving;
    expect(given[0]!.aborted).toBe(true);
    const next = flights.run('a', call);
    expect(given).toHaveLength(2);
    answer.resolve('answer');
    await expect(next).resolves.toBe('answer');
  });

  test('rejects at once for a caller whose signal has already aborted', async () => {
    const flights = new SingleFlight<string>({ whenAbandoned: 'abort' });
    let given: AbortSignal | undefined;
    const call = (signal: AbortSignal): Promise<string> => ((given = signal), new Promise(() => undefined));
    await expect(flights.run('a', call, AbortSignal.abort())).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(given?.aborted).toBe(true);
  });
});

describe('KeyedMutex', () => {
  test('runs actions of one key in order and those of another key at once', async () => {
    const mutex = new KeyedMutex();
    const order: string[] = [];
    const first = new Deferred();
    const action = (name: string, until: Promise<void>) => async () => {
      order.push(name);
      await until;
    };
    const runs = [
      mutex.run('a', action('a1', first.promise)),
      mutex.run('a', action('a2', Promise.resolve())),
      mutex.run('b', action('b1', Promise.resolve())),
    ];
    await settle();
    expect(order).toEqual(['a1', 'b1']);
    first.resolve();
    await Promise.all(runs);
    expect(order).toEqual(['a1', 'b1', 'a2']);
  });

  test('reports a failure to its own caller only', async () => {
    const mutex = new KeyedMutex();
    const failing = mutex.run('a', () => Promise.reject(new Error('broken')));
    const next = mutex.run('a', () => Promise.resolve(1));
    await expect(failing).rejects.toThrow('broken');
    await expect(next).resolves.toBe(1);
  });
});

describe('CoalescedRuns', () => {
  test('shares a run among requests of one turn, and the next run among requests during a run', async () => {
    const runs = new CoalescedRuns<number>();
    const gates: Deferred[] = [];
    const work = async (): Promise<number> => {
      const gate = new Deferred();
      const number = gates.push(gate);
      await gate.promise;
      return number;
    };
    const first = [runs.run('a', work), runs.run('a', work)];
    await settle();
    const second = [runs.run('a', work), runs.run('a', work)];
    const other = runs.run('b', work);
    await settle();
    expect(gates).toHaveLength(2);
    gates[0]!.resolve();
    expect(await Promise.all(first)).toEqual([1, 1]);
    gates[1]!.resolve();
    expect(await other).toBe(2);
    await settle();
    gates[2]!.resolve();
    expect(await Promise.all(second)).toEqual([3, 3]);
  });

  test('runs again after a failed run', async () => {
    const runs = new CoalescedRuns<number>();
    await expect(runs.run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(runs.run('a', () => Promise.resolve(1))).resolves.toBe(1);
  });
});
