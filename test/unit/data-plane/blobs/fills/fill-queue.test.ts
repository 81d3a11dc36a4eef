import { FillQueue, type FillTicket, type QueuedFill } from '../../../../../data-plane/src/blobs/fills/fill-queue';

const LIMITS = { perUpstream: 2, perOwner: 3, inAll: 3, backgroundPerUpstream: 1, backgroundInAll: 2 };

describe('FillQueue', () => {
  let queue: FillQueue;
  let running: string[];
  let tickets: Map<string, FillTicket>;
  beforeEach(() => {
    queue = new FillQueue(LIMITS);
    running = [];
    tickets = new Map();
  });

  /** Enters a fill. Its name appears in `running` when it is granted. */
  const enter = (name: string, fill: Partial<QueuedFill> = {}): void => {
    const ticket = queue.enter({ upstream: 'a', owner: 'one', priority: 'client', ...fill });
    tickets.set(name, ticket);
    void ticket.granted.then(() => running.push(name));
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const release = async (name: string): Promise<void> => {
    tickets.get(name)!.release();
    running.splice(running.indexOf(name), 1);
    await settled();
  };

  it('limits the fills of one upstream and of all upstreams', async () => {
    enter('a1');
    enter('a2');
    enter('a3');
    enter('b1', { upstream: 'b' });
    enter('c1', { upstream: 'c' });
    await settled();
    expect(running).toEqual(['a1', 'a2', 'b1']);
    await release('a1');
    // The upstreams take turns, and c has had no turn yet.
    expect(running).toEqual(['a2', 'b1', 'a3']);
    await release('b1');
    expect(running).toEqual(['a2', 'a3', 'c1']);
  });

  it('lets owners take turns, no matter how many fills one owner has waiting', async () => {
    enter('r1');
    enter('r2');
    for (const name of ['one1', 'one2', 'one3']) enter(name, { owner: 'one' });
    for (const name of ['two1', 'two2']) enter(name, { owner: 'two' });
    await settled();
    const order: string[] = [];
    for (let next = 'r1'; order.length < 5;) {
      await release(next);
      next = running.at(-1)!;
      order.push(next);
    }
    expect(order).toEqual(['one1', 'two1', 'one2', 'two2', 'one3']);
  });

  it('leaves slots to others if one owner has fills from many upstreams that do not end', async () => {
    queue = new FillQueue({ ...LIMITS, inAll: 4 });
    for (const upstream of ['a', 'b', 'c', 'd', 'e']) enter(upstream, { upstream });
    enter('other', { upstream: 'f', owner: 'two' });
    enter('same upstream', { upstream: 'd', owner: 'three' });
    await settled();
    expect(running).toEqual(['a', 'b', 'c', 'other']);
    await release('other');
    expect(running).toEqual(['a', 'b', 'c', 'same upstream']);
    await release('a');
    expect(running).toEqual(['b', 'c', 'same upstream', 'e']);
  });

  it('lets clients go before the background, which never takes all slots', async () => {
    enter('x', { priority: 'background' });
    enter('y', { priority: 'background' });
    await settled();
    expect(running).toEqual(['x']);
    enter('client1');
    enter('client2');
    await settled();
    expect(running).toEqual(['x', 'client1']);
    await release('x');
    expect(running).toEqual(['client1', 'client2']);
    await release('client1');
    expect(running).toEqual(['client2', 'y']);
  });

  it('raises a fill that a client joined: a waiting fill goes ahead, a running fill makes room for another one', async () => {
    enter('x', { priority: 'background' });
    enter('y', { priority: 'background' });
    enter('z', { priority: 'background' });
    await settled();
    tickets.get('z')!.lift();
    await settled();
    expect(running).toEqual(['x', 'z']);
    await release('z');
    tickets.get('x')!.lift();
    await settled();
    expect(running).toEqual(['x', 'y']);
  });

  it('releases the place of a fill that left the queue, and a slot only once', async () => {
    enter('a1');
    enter('a2');
    enter('a3');
    enter('a4');
    await settled();
    tickets.get('a3')!.release();
    tickets.get('a3')!.release();
    await release('a1');
    tickets.get('a1')!.release();
    enter('a5');
    await settled();
    expect(running).toEqual(['a2', 'a4']);
  });
});
