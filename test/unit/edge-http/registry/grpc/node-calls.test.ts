import { LayoverError } from '../../../../../common/errors/layover-error';
import type { NodeSet } from '../../../../../common/nodes/node-set';
import { NO_TRACER } from '../../../../../common/tracing/tracer';
import type { DataPlaneConnection } from '../../../../../edge-http/src/registry/grpc/data-plane';
import { NodeCalls } from '../../../../../edge-http/src/registry/grpc/node-calls';
import { TestClock } from '../../../../support/test-clock';

type Health = 'serving' | 'away' | 'not-serving';
type Done = (failure: LayoverError | undefined, reply: object | undefined) => void;

/** One node whose calls the test answers. */
function rig(health: Health) {
  const clock = new TestClock();
  const sent: { readonly done: Done; cancelled: boolean }[] = [];
  const send = ({ done }: { readonly done: Done }): { cancel(): void } => {
    const call = { done, cancelled: false };
    sent.push(call);
    return { cancel: () => (call.cancelled = true) };
  };
  const node: { readonly name: string; health: Health; readonly connection: object } = {
    name: 'a',
    health,
    connection: { calls: { send } },
  };
  const nodes = {
    get size() {
      return node.health === 'serving' ? 1 : 0;
    },
    pick: (_key: string, avoid: readonly string[] = []) => (avoid.includes('a') ? undefined : node),
    whenLive: () => Promise.resolve(),
  };
  const calls = new NodeCalls({
    nodes: nodes as unknown as NodeSet<DataPlaneConnection>,
    clock,
    tracer: NO_TRACER,
    onRetry: () => undefined,
  });
  const departure = new AbortController();
  const ask = (): Promise<unknown> => calls.call('key', 'checkAccess', {}, departure.signal);
  return { clock, sent, node, ask, departure };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a call to a node that is away fails after two seconds, and is not made again', async () => {
  const { clock, sent, ask } = rig('away');
  const answer = ask().catch((error: LayoverError) => error.key);
  await settled();
  clock.advance(1999);
  await settled();
  expect(sent).toHaveLength(1);
  expect(sent[0]!.cancelled).toBe(false);
  clock.advance(1);
  expect(await answer).toBe('DATA_PLANE_UNAVAILABLE');
  expect(sent[0]!.cancelled).toBe(true);
  expect(sent).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test.each(['serving', 'not-serving'] as const)(
  'a call waits for a node that was away and is %s by then',
  async (health) => {
    const { clock, sent, node, ask } = rig('away');
    const answer = ask();
    await settled();
    clock.advance(1000);
    node.health = health;
    clock.advance(60_000);
    await settled();
    sent[0]!.done(undefined, { fine: true });
    expect(await answer).toEqual({ fine: true });
  },
);

test('a lost call is made once more on the only node, which has two seconds if it is away by then', async () => {
  const { clock, sent, node, ask } = rig('serving');
  const answer = ask().catch((error: LayoverError) => error.key);
  await settled();
  node.health = 'away';
  sent[0]!.done(new LayoverError('DATA_PLANE_UNAVAILABLE'), undefined);
  expect(sent).toHaveLength(2);
  clock.advance(2000);
  expect(await answer).toBe('DATA_PLANE_UNAVAILABLE');
  expect(sent).toHaveLength(2);
});

test('a client that leaves ends the wait', async () => {
  const { clock, sent, ask, departure } = rig('away');
  const answer = ask().catch((error: LayoverError) => error.key);
  await settled();
  departure.abort();
  expect(await answer).toBe('CANCELLED');
  expect(sent[0]!.cancelled).toBe(true);
  expect(clock.pending).toBe(0);
});
