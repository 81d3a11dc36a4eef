import { FillQueue, type FillTicket, type QueuedFill } from '../../../../../data-plane/src/blobs/fills/fill-queue';

const LIMITS = { perUpstream: 2, inAll: 3, backgroundPerUpstream: 1, backgroundInAll: 2 };

describe('the queue of fills', () => {
  let queue: FillQueue;
  let running: string[];
  let tickets: Map<string, FillTicket>;
  beforeEach(() => {
    queue = new FillQueue(LIMITS);
    running = [];
    tickets = new Map();
  });

  /** Enters a fill; its name appears in `running` when it is granted. */
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

  it('bounds fills of one upstream, and in all', async () => {
    enter('a1');
    enter('a2');
    enter('a3');
    enter('b1', { upstream: 'b' });
    enter('c1', { upstream: 'c' });
    await settled();
    expect(running).toEqual(['a1', 'a2', 'b1']);
    await release('a1');
    // The upstreams take turns: c has had none yet.
    expect(running).toEqual(['a2', 'b1', 'a3']);
    await release('b1');
    expect(running).toEqual(['a2', 'a3', 'c1']);
  });

  it('lets owners take turns, however much one has waiting', async () => {
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

  it('lets clients go before the background, which never takes every place', async () => {
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

  it('lifts a fill that a client joined: waiting, it goes ahead; running, it makes room for another', async () => {
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

  it('takes a place back from one that left the queue, and a slot only once', async () => {
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
