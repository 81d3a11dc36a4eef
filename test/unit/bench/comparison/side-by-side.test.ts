import { sideBySide, sideBySideFresh, type Rounds } from '../../../../bench/src/comparison/side-by-side';
import { fakeContext, fakeStarter } from '../support';

const OPTIONS = { upstream: 'http://upstream' };
const ROW = { id: 'manifests-by-tag', title: 'manifests', unit: 'requests/s', better: 'higher' } as const;

/** Rounds that append the turns to `turns` and return figures that tell them apart. */
function rounds(count: number, turns: string[], changes: Partial<Rounds> = {}): Rounds {
  return {
    label: 'test',
    count,
    measure: (peer, round) => {
      turns.push(`${round} ${peer.host}`);
      return Promise.resolve({ rate: turns.length });
    },
    ...changes,
  };
}

test('measures every program once in every round, and begins each round with another one', async () => {
  const zot = fakeStarter('zot');
  const turns: string[] = [];
  const direct = {
    name: 'direct',
    measure: (round: number) => {
      turns.push(`${round} direct`);
      return Promise.resolve({ rate: 0 });
    },
  };
  const context = fakeContext([zot]);
  await sideBySide(context, { ...OPTIONS, layover: [context.layover] }, [rounds(2, turns, { references: [direct] })]);
  expect(turns).toEqual(['0 layover', '0 zot', '0 direct', '1 zot', '1 direct', '1 layover']);
});

test('keeps the samples of each program apart', async () => {
  const context = fakeContext([fakeStarter('zot')]);
  const results = await sideBySide(context, { ...OPTIONS, layover: [context.layover] }, [rounds(2, [])]);
  const { layover, peers } = results.compare(ROW, 'rate');
  expect(layover).toEqual([1, 4]);
  expect(peers).toEqual([{ peer: 'zot', samples: [2, 3] }]);
});

test('stops all programs at the end', async () => {
  const zot = fakeStarter('zot');
  const context = fakeContext([zot]);
  await sideBySide(context, { ...OPTIONS, layover: [context.layover] }, [rounds(1, [])]);
  expect(zot.started).toEqual([{ isRunning: false }]);
});

test('leaves out a peer that does not start, and says why', async () => {
  const zot = fakeStarter('zot', () => {
    throw new Error('no such port\nits output');
  });
  const notes: string[] = [];
  const context = fakeContext([zot], notes);
  const results = await sideBySide(context, { ...OPTIONS, layover: [context.layover] }, [rounds(1, [])]);
  expect(results.compare(ROW, 'rate').peers).toEqual([{ peer: 'zot', missing: 'no such port' }]);
  expect(notes).toContain('zot is left out: no such port\nits output');
});

test('leaves out a peer that returns the wrong bytes, and does not measure it', async () => {
  const turns: string[] = [];
  const context = fakeContext([fakeStarter('zot')]);
  const prepare = ({ host }: { readonly host: string }): Promise<void> =>
    host === 'zot' ? Promise.reject(new Error('wrong bytes')) : Promise.resolve();
  const results = await sideBySide(context, { ...OPTIONS, layover: [context.layover], prepare }, [rounds(1, turns)]);
  expect(turns).toEqual(['0 layover']);
  expect(results.compare(ROW, 'rate').peers).toEqual([{ peer: 'zot', missing: 'wrong bytes' }]);
});

test('discards the samples of a peer that fails in a later round', async () => {
  const context = fakeContext([fakeStarter('zot')]);
  const measure: Rounds['measure'] = (peer, round) =>
    peer.host === 'zot' && round === 1 ? Promise.reject(new Error('answered 500')) : Promise.resolve({ rate: 1 });
  const results = await sideBySide(context, { ...OPTIONS, layover: [context.layover] }, [rounds(3, [], { measure })]);
  const { layover, peers } = results.compare(ROW, 'rate');
  expect(layover).toHaveLength(3);
  expect(peers).toEqual([{ peer: 'zot', missing: 'answered 500' }]);
});

test('fails and stops all programs if Layover fails', async () => {
  const zot = fakeStarter('zot');
  const context = fakeContext([zot]);
  const measure: Rounds['measure'] = ({ host }) =>
    host === 'layover' ? Promise.reject(new Error('answered 500')) : Promise.resolve({ rate: 1 });
  const all = sideBySide(context, { ...OPTIONS, layover: [context.layover] }, [rounds(1, [], { measure })]);
  await expect(all).rejects.toThrow('answered 500');
  expect(zot.started).toEqual([{ isRunning: false }]);
});

test('fresh programs run alone, and are started again for every sample', async () => {
  const zot = fakeStarter('zot');
  const layover = fakeStarter('layover');
  const running: number[] = [];
  const measure: Rounds['measure'] = () => {
    running.push([...zot.started, ...layover.started].filter(({ isRunning }) => isRunning).length);
    return Promise.resolve({ rate: 1 });
  };
  await sideBySideFresh(fakeContext([zot]), { ...OPTIONS, layover: [layover] }, rounds(2, [], { measure }));
  expect(running).toEqual([1, 1, 1, 1]);
  expect([zot.started.length, layover.started.length]).toEqual([2, 2]);
});
