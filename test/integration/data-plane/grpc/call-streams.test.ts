import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { loadRegistry } from '../../../../common/grpc/load-proto';
import { type CallEnd, CallWatch } from '../../../../common/grpc/observe-calls';
import { CALL_SWEEP_MS, MAX_BATCHED_CALLS, MAX_OPEN_CALLS } from '../../../../common/grpc/registry-calls';
import { NO_TRACER } from '../../../../common/tracing/tracer';
import { CallStreams } from '../../../../data-plane/src/grpc/registry/call-streams';
import type { CallTable } from '../../../../data-plane/src/grpc/registry/call-table';
import { createRegistryServer, type RegistryServer } from '../../../../data-plane/src/grpc/server';
import type { AnswerBatch__Output } from '../../../../proto/gen/layover/v1/AnswerBatch';
import type { Call } from '../../../../proto/gen/layover/v1/Call';
import type { RegistryClient, RegistryHandlers } from '../../../../proto/gen/layover/v1/Registry';
import { silentLogger } from '../../../support/data-plane/fakes/pull-rig';
import { waitUntil } from '../../../support/real/wait-until';
import { TestClock } from '../../../support/test-clock';

const MIB = 1024 * 1024;
const CONTENT = Buffer.alloc(4 * MIB, 'm');

/** A call that the data plane is answering: its name, and how the test ends it. */
interface RunningCall {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly resolve: (reply: object) => void;
  readonly reject: (thrown: unknown) => void;
}

let clock: TestClock;
let server: RegistryServer;
let streams: CallStreams;
let client: RegistryClient;
let running: RunningCall[];
let ended: CallEnd[];

beforeEach(async () => {
  clock = new TestClock();
  running = [];
  ended = [];
  const hold = ({ service: name }: { readonly service: string }, signal: AbortSignal) =>
    new Promise((resolve, reject) => void running.push({ name, signal, resolve, reject }));
  const table = {
    issueToken: hold,
    checkAccess: () => Promise.resolve({}),
    getManifest: () => Promise.resolve({ digest: 'd', content: CONTENT }),
    listTags: () => Promise.resolve({ tags: Array.from({ length: 10_000 }, (_, i) => `${'t'.repeat(120)}${i}`) }),
  } as unknown as CallTable;
  const watch = new CallWatch('layover.v1.Registry', { tracer: NO_TRACER, onEnd: (end) => void ended.push(end) });
  streams = new CallStreams({ table, watch, clock, logger: silentLogger });
  server = createRegistryServer({
    registry: { AnswerCalls: streams.handler } as unknown as RegistryHandlers,
    onDrain: () => streams.drain(),
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    credentials: ServerCredentials.createInsecure(),
    clock,
  });
  client = new (loadRegistry())(await server.start(), credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': 8 * MIB,
  });
});
afterEach(async () => {
  client.close();
  let isStopped = false;
  void server.stop(0).then(() => (isStopped = true));
  await waitUntil('the server has stopped', () => {
    clock.advance(1000);
    return isStopped;
  });
});

/** Opens a stream of calls, as an edge does. */
function open() {
  const call = client.answerCalls();
  const seen = { answers: [] as string[], messages: 0, over: false };
  call.on('data', ({ answers }: AnswerBatch__Output) => {
    seen.messages += 1;
    for (const { id, result, failure } of answers)
      seen.answers.push(
        `${id} ${result === 'failure' ? (JSON.parse(failure!.toString()) as { key: string }).key : result}`,
      );
  });
  call.on('error', () => (seen.over = true));
  call.on('end', () => (seen.over = true));
  const named = (name: string): RunningCall => running.find((one) => one.name === name)!;
  return {
    seen,
    call,
    send: (...calls: readonly Call[]) => void call.write({ calls: [...calls] }),
    token: (id: number, timeoutMs = 0): Call => ({ id, timeoutMs, issueToken: { service: `call ${id}` } }),
    /** Resolves with the call of this id once it runs. */
    async running(id: number): Promise<RunningCall> {
      await waitUntil(`call ${id} runs`, () => named(`call ${id}`) !== undefined);
      return named(`call ${id}`);
    },
    until: (...answers: readonly string[]) =>
      waitUntil(`answers ${answers.join(', ')}`, () => answers.every((one) => seen.answers.includes(one))),
  };
}

test('calls are answered as they end, and a slow one delays nobody', async () => {
  const edge = open();
  edge.send(edge.token(1), { id: 2, checkAccess: {} });
  await edge.until('2 checkAccess');
  edge.send({ id: 3, checkAccess: {} });
  await edge.until('3 checkAccess');
  (await edge.running(1)).resolve({ token: 't' });
  await edge.until('1 issueToken');
  expect(edge.seen.answers).toEqual(['2 checkAccess', '3 checkAccess', '1 issueToken']);
  expect(ended.map(({ method, outcome }) => `${method} ${outcome}`)).toEqual([
    'CheckAccess ok',
    'CheckAccess ok',
    'IssueToken ok',
  ]);
});

test('a failure reaches the caller with its key, and anything else as INTERNAL', async () => {
  const edge = open();
  edge.send(edge.token(1), edge.token(2));
  (await edge.running(1)).reject(new LayoverError('DENIED'));
  (await edge.running(2)).reject(new TypeError('a bug'));
  await edge.until('1 DENIED', '2 INTERNAL');
  expect(ended.map(({ outcome }) => outcome).sort()).toEqual(['DENIED', 'INTERNAL']);
});

test('a kind of call that the data plane does not know is refused', async () => {
  const edge = open();
  edge.send({ id: 1 });
  await edge.until('1 REQUEST_INVALID');
});

test('a cancelled call is aborted and gets no answer', async () => {
  const edge = open();
  edge.send(edge.token(1));
  const { signal, resolve } = await edge.running(1);
  edge.call.write({ cancelled: [1, 77] });
  await waitUntil('the call is aborted', () => signal.aborted);
  resolve({});
  edge.send({ id: 2, checkAccess: {} });
  await edge.until('2 checkAccess');
  expect(edge.seen.answers).toEqual(['2 checkAccess']);
});

test('a call is aborted when its time is up', async () => {
  const edge = open();
  edge.send(edge.token(1, 1000), edge.token(2));
  const [limited, unlimited] = [await edge.running(1), await edge.running(2)];
  clock.advance(1000 - CALL_SWEEP_MS);
  expect(limited.signal.aborted).toBe(false);
  clock.advance(CALL_SWEEP_MS);
  expect([limited.signal.aborted, unlimited.signal.aborted]).toEqual([true, false]);
});

test('all calls of an edge that is gone are aborted, and those of others are not', async () => {
  const [edge, other] = [open(), open()];
  edge.send(edge.token(1), edge.token(2));
  other.send(other.token(3));
  const [one, two, three] = [await edge.running(1), await edge.running(2), await other.running(3)];
  edge.call.cancel();
  await waitUntil('the calls are aborted', () => one.signal.aborted && two.signal.aborted);
  expect(three.signal.aborted).toBe(false);
});

test('the answers of an edge that sends no more calls still arrive, and then the stream ends', async () => {
  const edge = open();
  edge.send(edge.token(1));
  const { resolve } = await edge.running(1);
  edge.call.end();
  resolve({ token: 't' });
  await edge.until('1 issueToken');
  await waitUntil('the end of the stream', () => edge.seen.over);
});

test('a stopping data plane answers running calls, refuses new ones, and ends the stream', async () => {
  const edge = open();
  edge.send(edge.token(1));
  const { resolve } = await edge.running(1);
  const stopping = server.stop(30_000);
  await waitUntil('a call is refused', () => {
    edge.send({ id: 2, checkAccess: {} });
    return edge.seen.answers.includes('2 DATA_PLANE_UNAVAILABLE');
  });
  expect(edge.seen.over).toBe(false);
  resolve({ token: 't' });
  await edge.until('1 issueToken');
  await stopping;
  await waitUntil('the end of the stream', () => edge.seen.over);
});

test('too many calls at once are refused', async () => {
  const edge = open();
  const ids = Array.from({ length: MAX_OPEN_CALLS + 1 }, (_, i) => i + 1);
  for (let at = 0; at < ids.length; at += 32) edge.send(...ids.slice(at, at + 32).map((id) => edge.token(id)));
  await edge.until(`${MAX_OPEN_CALLS + 1} DATA_PLANE_UNAVAILABLE`);
  expect(edge.seen.answers).toHaveLength(1);
});

test('the largest calls that clients can cause fit into one message', async () => {
  const edge = open();
  // Characters of headers are single bytes, which take two in UTF-8.
  const authorization = `Basic ${'\u00ff'.repeat(44 * 1024)}`;
  const scopes = Array.from({ length: 100 }, () => '\u00ff'.repeat(80));
  edge.send(
    ...Array.from({ length: MAX_BATCHED_CALLS }, (_, id): Call => {
      const context = { authorization, userAgent: '\u00ff'.repeat(256), requestId: 'r'.repeat(64) };
      return { id: id + 1, issueToken: { context, service: 's'.repeat(255), scopes } };
    }),
  );
  await waitUntil('all calls run', () => running.length === MAX_BATCHED_CALLS);
  expect(edge.seen.over).toBe(false);
});

test('answers of any size arrive in messages that an edge accepts', async () => {
  const edge = open();
  edge.send(
    ...Array.from({ length: 20 }, (_, i): Call => ({ id: i + 1, getManifest: { tag: 'large' } })),
    ...Array.from({ length: 8 }, (_, i): Call => ({ id: i + 100, listTags: {} })),
    { id: 200, checkAccess: {} },
  );
  await waitUntil('all answers', () => edge.seen.answers.length === 29);
  expect(edge.seen.over).toBe(false);
}, 30_000);

test('no more calls are read while the edge does not take its answers', async () => {
  const edge = open();
  edge.call.pause();
  for (let message = 0; message < 40; message += 1)
    edge.send(...Array.from({ length: 4 }, (_, i): Call => ({ id: message * 4 + i + 1, getManifest: {} })));
  await waitUntil('the data plane has stopped to read', async () => {
    const before = ended.length;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return before > 0 && ended.length === before;
  });
  expect(ended.length).toBeLessThan(100);
  edge.call.resume();
  await waitUntil('all answers', () => edge.seen.answers.length === 160, 60_000);
}, 90_000);
