import { credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { loadRegistry } from '../../../../common/grpc/load-proto';
import type { HostResolver } from '../../../../common/nodes/host-resolver';
import type { NodeConnection } from '../../../../common/nodes/node';
import { NodeSet } from '../../../../common/nodes/node-set';
import { formatGrpcAddress, type ListenAddress } from '../../../../common/runtime/listen-address';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';
import { RegistryAsker } from '../../../support/registry-asker';
import { TestClock } from '../../../support/test-clock';
import { type FakeDataPlane, startFakeDataPlane } from '../../../support/fake-data-plane/start-fake-data-plane';
import { waitUntil } from '../../../support/real/wait-until';

interface Connection extends NodeConnection {
  readonly client: RegistryClient;
}

/** The longest pause between two attempts of a health watch. */
const WATCH_INTERVAL_MS = 1_000;
const KEYS = Array.from({ length: 60 }, (_, i) => `key ${i}`);
const Registry = loadRegistry();
const planes: FakeDataPlane[] = [];
const sets: NodeSet<Connection>[] = [];

afterEach(async () => {
  for (const set of sets.splice(0)) set.close();
  await Promise.all(planes.splice(0).map((plane) => plane.stop()));
});

async function startPlane(nodeId: string, listen?: ListenAddress, instance = `${nodeId} ${Math.random()}`) {
  const plane = await startFakeDataPlane({}, listen, { nodeId, instance });
  planes.push(plane);
  return plane;
}

/** Creates a set with a manual clock and real connections. */
async function startSet(
  addresses: readonly ListenAddress[],
  resolve: HostResolver = () => Promise.reject(new Error()),
) {
  const clock = new TestClock();
  const set = new NodeSet<Connection>({
    addresses,
    resolve,
    clock,
    logger: pino({ level: 'silent' }),
    connect: ({ listen }) => {
      const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.initial_reconnect_backoff_ms': 100 };
      const client = new Registry(formatGrpcAddress(listen), credentials.createInsecure(), options);
      return { client, channel: client.getChannel(), close: () => client.close() };
    },
  });
  sets.push(set);
  const starting = set.start();
  return { set, clock, starting };
}

const idOf = (set: NodeSet<Connection>, key: string, avoid: readonly string[] = []): string | undefined =>
  set.pick(key, avoid)?.identity.id;
const idsOf = (set: NodeSet<Connection>): string[] => [...new Set(KEYS.map((key) => idOf(set, key)!))].sort();

test('all callers agree on the owner of a key, regardless of the order and the addresses of the nodes', async () => {
  const all = await Promise.all(['a', 'b', 'c'].map((id) => startPlane(id)));
  const addresses = all.map(({ address }) => address);
  const first = await startSet(addresses);
  const second = await startSet([...addresses].reverse());
  await Promise.all([first.starting, second.starting]);
  const picked = KEYS.map((key) => idOf(first.set, key));
  expect(new Set(picked)).toEqual(new Set(['a', 'b', 'c']));
  expect(KEYS.map((key) => idOf(second.set, key))).toEqual(picked);
  // The same homes at other addresses.
  const moved = await startSet(
    (await Promise.all(['c', 'a', 'b'].map((id) => startPlane(id)))).map(({ address }) => address),
  );
  await moved.starting;
  expect(KEYS.map((key) => idOf(moved.set, key))).toEqual(picked);
});

test('a node that reports not serving gets no calls at once, and gets its keys back later', async () => {
  const [a, b] = await Promise.all(['a', 'b'].map((id) => startPlane(id)));
  const { set, starting } = await startSet([a!.address, b!.address]);
  await starting;
  const before = KEYS.map((key) => idOf(set, key));
  a!.setServing(false);
  await waitUntil('node a is not live', () => set.size === 1);
  expect(idsOf(set)).toEqual(['b']);
  a!.setServing(true);
  await waitUntil('node a is live again', () => set.size === 2);
  expect(KEYS.map((key) => idOf(set, key))).toEqual(before);
});

test('a node that dies is removed and joins again within one watch interval, after any time', async () => {
  const [a, b] = await Promise.all(['a', 'b'].map((id) => startPlane(id)));
  const { set, clock, starting } = await startSet([a!.address, b!.address]);
  await starting;
  await a!.stop();
  await waitUntil('node a is not live', () => set.size === 1);
  // Attempts never end; they are at most a second apart.
  for (let passed = 0; passed < 30_000; passed += 500) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(set.size).toBe(1);
  await startPlane('a', a!.address);
  // The clock stands still from now on: the watch waits for the connection.
  clock.advance(WATCH_INTERVAL_MS);
  await waitUntil('node a is live again', () => set.size === 2);
  expect(idsOf(set)).toEqual(['a', 'b']);
});

test('a different node behind the same address is recognized', async () => {
  const [a, b] = await Promise.all(['a', 'b'].map((id) => startPlane(id)));
  const { set, clock, starting } = await startSet([a!.address, b!.address]);
  await starting;
  await a!.stop();
  await waitUntil('node a is not live', () => set.size === 1);
  await startPlane('other', a!.address);
  await waitUntil('the other node is live', () => {
    clock.advance(50);
    return set.size === 2;
  });
  expect(idsOf(set)).toEqual(['b', 'other']);
});

test('pick returns the first node in order if all are away, but none of the avoided ones', async () => {
  const unix = ['/nonexistent/a', '/nonexistent/b'].map((path) => ({ kind: 'unix', path }) as const);
  const { set, starting } = await startSet(unix);
  await starting;
  expect(set.size).toBe(0);
  expect(set.owner('key')).toBeUndefined();
  const first = set.pick('key')!;
  const second = set.pick('key', [first.name])!;
  expect([first.name, second.name].sort()).toEqual(['unix:/nonexistent/a', 'unix:/nonexistent/b']);
  expect(set.pick('key', [first.name, second.name])).toBeUndefined();
});

test('a process at two addresses counts once, and two nodes with one id (a copied home) both count', async () => {
  const twice = await Promise.all([startPlane('a', undefined, 'one'), startPlane('a', undefined, 'one')]);
  const once = await startSet(twice.map(({ address }) => address));
  await once.starting;
  expect(once.set.size).toBe(1);
  const copies = await Promise.all([startPlane('a', undefined, 'one'), startPlane('a', undefined, 'two')]);
  const both = await startSet(copies.map(({ address }) => address));
  await both.starting;
  expect(both.set.size).toBe(2);
  const names = new Set(KEYS.map((key) => both.set.pick(key)!.name));
  expect(names.size).toBe(2);
});

describe('a host name', () => {
  /** Starts data planes at 127.0.0.1, .2 and .3 on one port. */
  async function startThree(): Promise<number> {
    const first = await startPlane('a');
    const { port } = first.address as { port: number };
    await startPlane('b', { kind: 'tcp', host: '127.0.0.2', port });
    await startPlane('c', { kind: 'tcp', host: '127.0.0.3', port });
    return port;
  }

  test('stands for all its addresses: a new one joins after one lookup, and a removed one finishes its calls', async () => {
    const port = await startThree();
    let found = ['127.0.0.1', '127.0.0.2'];
    let lookups = 0;
    const { set, clock, starting } = await startSet([{ kind: 'tcp', host: 'planes.test', port }], async (host) => {
      expect(host).toBe('planes.test');
      lookups += 1;
      return found;
    });
    await starting;
    expect(idsOf(set)).toEqual(['a', 'b']);
    expect(set.pick('key')!.address.host).toBe('planes.test');

    found = ['127.0.0.3', '127.0.0.2', '127.0.0.1'];
    // One lookup. A new node is watched at once.
    clock.advance(3_000);
    await waitUntil('node c is live', () => set.size === 3);
    expect(lookups).toBe(2);
    expect(idsOf(set)).toEqual(['a', 'b', 'c']);

    const key = KEYS.find((one) => idOf(set, one) === 'a')!;
    let answer!: () => void;
    planes[0]!.script = { checkAccess: () => new Promise<void>((resolve) => (answer = resolve)) };
    const running = new RegistryAsker(set.pick(key)!.connection.client).ask('checkAccess', {});
    await waitUntil('the call has arrived', () => planes[0]!.calls.length === 1);
    found = ['127.0.0.3', '127.0.0.2'];
    clock.advance(5_000);
    await waitUntil('node a is not live', () => set.size === 2);
    expect(idsOf(set)).toEqual(['b', 'c']);
    answer();
    await running;
  });

  test('keeps its addresses if a lookup fails or returns none', async () => {
    const port = await startThree();
    const answers: (readonly string[] | Error)[] = [['127.0.0.1', '127.0.0.3'], new Error('SERVFAIL'), []];
    let lookups = 0;
    const { set, clock, starting } = await startSet([{ kind: 'tcp', host: 'planes.test', port }], async () => {
      const answer = answers[Math.min(lookups, answers.length - 1)]!;
      lookups += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    });
    await starting;
    for (const expected of [2, 3, 4]) {
      clock.advance(5_000);
      await waitUntil('the name was looked up again', () => lookups === expected);
      // The next lookup is scheduled when this one has ended.
      await new Promise((resolve) => setImmediate(resolve));
      expect(idsOf(set)).toEqual(['a', 'c']);
    }
  });

  test('does not delay the start beyond its timeout if DNS does not answer', async () => {
    const port = await startThree();
    const { set, clock, starting } = await startSet(
      [
        { kind: 'tcp', host: 'silent.test', port },
        { kind: 'tcp', host: '127.0.0.2', port },
      ],
      () => new Promise(() => undefined),
    );
    let started = false;
    void starting.then(() => (started = true));
    await waitUntil('node b is live', () => set.size === 1);
    expect(started).toBe(false);
    clock.advance(2_000);
    await starting;
    expect(idsOf(set)).toEqual(['b']);
    expect(set.pick('key', ['127.0.0.2:' + port])).toBeUndefined();
  });
});

test('a closed set looks up, watches and returns nothing', async () => {
  const a = await startPlane('a');
  let lookups = 0;
  const { set, clock, starting } = await startSet(
    [{ kind: 'tcp', host: 'planes.test', port: (a.address as { port: number }).port }],
    async () => {
      lookups += 1;
      return ['127.0.0.1'];
    },
  );
  await starting;
  set.close();
  clock.advance(100_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(lookups).toBe(1);
  expect(set.pick('key')).toBeUndefined();
});
