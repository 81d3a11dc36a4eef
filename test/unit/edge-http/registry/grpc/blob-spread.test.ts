import fc from 'fast-check';
import type { Node, NodeConnection } from '../../../../../common/nodes/node';
import { digestOf } from '../../../../../common/oci/digest';
import { type BlobPlace, BlobSpread, type SentHeader } from '../../../../../edge-http/src/registry/grpc/blob-spread';
import { TestClock } from '../../../../support/test-clock';

const MIB = 1024 * 1024;
const digest = digestOf(Buffer.from('a blob'));
const NODES = ['first', 'second', 'third'].map((name) => ({ name }) as Node<NodeConnection>);

describe('BlobSpread', () => {
  let clock: TestClock;
  let live: readonly Node<NodeConnection>[];
  beforeEach(() => {
    clock = new TestClock();
    live = NODES;
  });

  const spreadOf = (readersPerNode: number): BlobSpread<NodeConnection> =>
    new BlobSpread({
      nodes: { owner: (_key, avoid = []) => live.find(({ name }) => !avoid.includes(name)) },
      clock,
      readersPerNode,
    });
  const headerOf = (readers: number, more: Partial<SentHeader> = {}): SentHeader => ({
    ...{ delivery: 'CHANNEL', length: 100 * MIB, readers, shared: true },
    ...more,
  });
  /** Begins a read that is answered by the node that was chosen. */
  const read = async (
    spread: BlobSpread<NodeConnection>,
    more: Partial<SentHeader> = {},
    readers = 0,
  ): Promise<BlobPlace<NodeConnection>> => {
    const place = await spread.enter(digest, [], true);
    place.answered(place.node!.name, headerOf(readers, more));
    return place;
  };
  const namesOf = (places: readonly BlobPlace<NodeConnection>[]): (string | undefined)[] =>
    places.map(({ node }) => node?.name);
  const readMany = async (
    spread: BlobSpread<NodeConnection>,
    count: number,
    more: Partial<SentHeader> = {},
  ): Promise<BlobPlace<NodeConnection>[]> => {
    const places: BlobPlace<NodeConnection>[] = [];
    for (let one = 0; one < count; one += 1) places.push(await read(spread, more));
    return places;
  };

  it('goes to the next node only when those before it are busy, and then to the least busy one', async () => {
    const spread = spreadOf(2);
    const places = await readMany(spread, 8);
    expect(namesOf(places)).toEqual(['first', 'first', 'second', 'second', 'third', 'third', 'first', 'second']);
    expect(places.map(({ isFurther }) => isFurther)).toEqual([false, false, true, true, true, true, false, true]);
  });

  it('returns to the first node when its readers have ended, and forgets a blob that nobody reads', async () => {
    const spread = spreadOf(2);
    const places = await readMany(spread, 4);
    places[0]!.end();
    places[0]!.end();
    expect(namesOf([await read(spread)])).toEqual(['first']);
    const again = await readMany(spread, 1);
    for (const place of [...places, ...again]) place.end();
    expect(spread.size).toBe(1);
  });

  it.each<[string, Partial<SentHeader>]>([
    ['that other nodes cannot read', { shared: false }],
    ['that is small', { length: MIB }],
    ['that is delivered as a file', { delivery: 'LOCAL_FILE' }],
    ['that the bucket delivers', { delivery: 'REDIRECT' }],
  ])('keeps every read of a blob %s at the first node', async (_what, header) => {
    const places = await readMany(spreadOf(1), 5, header);
    expect(new Set(namesOf(places))).toEqual(new Set(['first']));
  });

  it('keeps reads at the first node if that is configured, and those that may not move', async () => {
    expect(new Set(namesOf(await readMany(spreadOf(0), 5)))).toEqual(new Set(['first']));
    const spread = spreadOf(1);
    await readMany(spread, 2);
    expect((await spread.enter(digest, [], false)).node?.name).toBe('first');
  });

  it('counts the readers of other edges, as far as a node reported them lately', async () => {
    const spread = spreadOf(4);
    await read(spread, {}, 4);
    expect(namesOf(await readMany(spread, 1))).toEqual(['second']);
    clock.advance(10_001);
    expect(namesOf(await readMany(spread, 1))).toEqual(['first']);
  });

  it('leaves a node that does not accept calls, and one that failed the delivery', async () => {
    const spread = spreadOf(1);
    await readMany(spread, 1);
    expect((await spread.enter(digest, ['second'], true)).node?.name).toBe('third');
    live = NODES.slice(0, 1);
    expect((await spread.enter(digest, [], true)).node?.name).toBe('first');
    live = [];
    expect((await spread.enter(digest, [], true)).node).toBeUndefined();
  });

  it('counts a read at the node that answered it', async () => {
    const spread = spreadOf(1);
    const place = await spread.enter(digest, [], true);
    place.answered('second', headerOf(1));
    expect(namesOf(await readMany(spread, 2))).toEqual(['first', 'third']);
  });

  it('lets further clients of a burst wait for the first answer, but not long', async () => {
    const spread = spreadOf(2);
    const early = await Promise.all([spread.enter(digest, [], true), spread.enter(digest, [], true)]);
    const waiting = [spread.enter(digest, [], true), spread.enter(digest, [], true)];
    await new Promise((resolve) => setImmediate(resolve));
    early[0]!.answered('first', headerOf(1));
    expect(namesOf(await Promise.all(waiting))).toEqual(['second', 'second']);

    const slow = spreadOf(1);
    const first = await slow.enter(digest, [], true);
    const late = slow.enter(digest, [], true);
    clock.advance(250);
    expect((await late).node?.name).toBe('first');
    first.end();
  });

  it('never counts less than nothing, and forgets everything, whatever the order of events is', async () => {
    const events = fc.array(fc.tuple(fc.nat(9), fc.constantFrom('answer', 'end')), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(events, async (order) => {
        const spread = spreadOf(3);
        const places = new Map<number, BlobPlace<NodeConnection>>();
        for (const [at, event] of order) {
          const place = places.get(at) ?? (await spread.enter(digest, [], places.size < 3));
          places.set(at, place);
          if (event === 'answer') place.answered(place.node!.name, headerOf(1));
          else place.end();
        }
        for (const place of places.values()) place.end();
        expect(spread.size).toBe(0);
      }),
    );
  });
});
