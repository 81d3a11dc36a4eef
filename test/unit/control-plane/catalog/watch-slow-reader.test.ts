import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Invalidation } from '../../../../control-plane/src/cache/content/invalidation.store';
import type { InvalidationFeed } from '../../../../control-plane/src/catalog/invalidation-feed';
import { WatchStreams } from '../../../../control-plane/src/catalog/watch';
import { MemorySource, SlowCall, startFeed } from './support';

const forget = (n: number): Invalidation => ({ organizationUid: 'acme', repository: 'app', tag: `t${n}`, digest: '' });
const many = (from: number, count: number) => Array.from({ length: count }, (_, n) => forget(from + n));

async function open(room: number, source = new MemorySource()) {
  let tell: (found: readonly Invalidation[]) => void = () => undefined;
  let subscribed = 0;
  const started = await startFeed(source);
  const { feed, clock, log } = started;
  const invalidations = {
    subscribe: (listener: typeof tell) => {
      subscribed += 1;
      tell = listener;
      return () => (subscribed -= 1);
    },
  } as unknown as InvalidationFeed;
  const streams = new WatchStreams(feed, invalidations, clock, log);
  const call = new SlowCall(room);
  streams.serve(call.asCall);
  return {
    ...started,
    streams,
    call,
    tell: (found: readonly Invalidation[]) => tell(found),
    subscribed: () => subscribed,
  };
}

const tagsOf = (call: SlowCall) => call.sent.flatMap((reply) => (reply.invalidation ? [reply.invalidation.tag] : []));

describe('invalidations', () => {
  test('a reader that pauses receives all invalidations in order', async () => {
    const { call, tell } = await open(3);
    tell(many(0, 10));
    expect(tagsOf(call)).toEqual(['t0', 't1']);
    call.read(5);
    tell(many(10, 2));
    expect(tagsOf(call)).toEqual(['t0', 't1', 't2', 't3', 't4', 't5', 't6']);
    call.read(100);
    expect(tagsOf(call)).toEqual(Array.from({ length: 12 }, (_, n) => `t${n}`));
    expect(call.ended).toBe(false);
  });

  test('a stream with too many waiting invalidations ends and releases its subscriptions', async () => {
    const { streams, call, tell, subscribed } = await open(1);
    for (let n = 0; n < 20_000; n += 2000) tell(many(n, 2000));
    expect(call.ended).toBe(false);
    expect(call.sent).toHaveLength(1);
    tell([forget(20_000)]);
    expect(call.ended).toBe(true);
    expect(streams.size).toBe(0);
    expect(subscribed()).toBe(0);
  });
});

describe('updates', () => {
  const source = (): MemorySource => {
    const filled = new MemorySource();
    for (const name of ['a', 'b', 'c', 'd']) filled.put(name);
    return filled;
  };

  test('a stalled reader delays no mutation, and later gets one update with all missed changes', async () => {
    const { call, source: changed, announce } = await open(1, source());
    for (let i = 0; i < 50; i += 1) {
      changed.put('b', { visibility: i % 2 === 0 ? 'PRIVATE' : 'PUBLIC' });
      await announce();
    }
    changed.put('new');
    changed.remove('d');
    await announce();
    expect(call.updates).toHaveLength(1);
    call.read(10);
    expect(call.updates).toHaveLength(2);
    const [first, second] = call.updates;
    expect(second).toMatchObject({ fromRevision: first!.revision, last: true, removedUids: ['uid-d'] });
    expect(second!.organizations!.map(({ name, visibility }) => [name, visibility])).toEqual([
      ['b', 'PUBLIC'],
      ['new', undefined],
    ]);
    expect(changed.wholeReads).toBe(1);
  });

  test('other work runs between the parts of a full snapshot, and later changes follow as one update', async () => {
    const large = new MemorySource();
    for (let i = 0; i < 1000; i += 1) large.put(`o${i}`);
    const { call, source: changed, announce } = await open(100, large);
    expect(call.updates).toHaveLength(1);
    changed.put('o7', { visibility: 'PRIVATE' });
    changed.put('o8');
    await announce();
    for (let i = 0; i < 10; i += 1) await nextTurn();
    const [one, two, three, four, delta, ...more] = call.updates;
    expect([one, two, three, four].map((part) => [part!.organizations!.length, part!.last])).toEqual([
      [256, undefined],
      [256, undefined],
      [256, undefined],
      [232, true],
    ]);
    expect(delta).toMatchObject({ fromRevision: one!.revision, last: true });
    expect(delta!.organizations!.map(({ name }) => name)).toEqual(['o7', 'o8']);
    expect(more).toEqual([]);
  });

  test('a snapshot continues at its next part when its reader reads again', async () => {
    const large = new MemorySource();
    for (let i = 0; i < 600; i += 1) large.put(`o${i}`);
    const { call } = await open(1, large);
    await nextTurn();
    expect(call.updates).toHaveLength(1);
    call.read(1);
    expect(call.updates.map((part) => part.last)).toEqual([undefined, undefined]);
    call.read(1);
    expect(call.updates.flatMap((part) => part.organizations)).toHaveLength(600);
    expect(call.updates.at(-1)!.last).toBe(true);
  });

  test('an invalidation is not sent before the first configuration message', async () => {
    const { call, tell } = await open(100);
    tell([forget(1)]);
    expect(call.sent.map((reply) => Object.keys(reply))).toEqual([
      ['update', 'ageMs'],
      ['invalidation', 'ageMs'],
    ]);
  });
});
