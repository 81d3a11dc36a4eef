import { EventEmitter } from 'node:events';
import { type ClientDuplexStream, status } from '@grpc/grpc-js';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { encodeFailure } from '../../../../../common/grpc/error-status';
import { CALL_SWEEP_MS, MAX_BATCHED_CALLS, MAX_OPEN_CALLS } from '../../../../../common/grpc/registry-calls';
import { CallStream } from '../../../../../edge-http/src/registry/grpc/call-stream';
import type { Answer__Output } from '../../../../../proto/gen/layover/v1/Answer';
import type { AnswerBatch__Output } from '../../../../../proto/gen/layover/v1/AnswerBatch';
import type { CallBatch } from '../../../../../proto/gen/layover/v1/CallBatch';
import { TestClock } from '../../../../support/test-clock';

/** The gRPC stream below a CallStream: records what is written, and ends as a test says. */
class FakeStream extends EventEmitter {
  readonly written: CallBatch[] = [];
  isFull = false;
  ended = false;

  write(batch: CallBatch): boolean {
    if (this.ended) throw new Error('The stream has ended');
    this.written.push(batch);
    return !this.isFull;
  }

  end(): void {
    this.ended = true;
  }

  answer(...answers: readonly Partial<Answer__Output>[]): void {
    this.emit('data', { answers });
  }

  /** The ids of the calls in each message. */
  get ids(): (number | undefined)[][] {
    return this.written.map(({ calls }) => (calls ?? []).map(({ id }) => Number(id)));
  }
}

let clock: TestClock;
let stream: FakeStream;
let calls: CallStream;
beforeEach(() => {
  clock = new TestClock();
  stream = new FakeStream();
  calls = new CallStream(stream as unknown as ClientDuplexStream<CallBatch, AnswerBatch__Output>, clock);
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends a call, and records how it ends. */
function send(timeoutMs = 10_000, traceparent?: string) {
  const ends: unknown[] = [];
  const id = calls.send({
    kind: 'checkAccess',
    message: {},
    dueAt: clock.now() + timeoutMs,
    traceparent,
    done: (failure, reply) => void ends.push(failure?.key ?? reply),
  });
  return { id, ends };
}

const ok = (id: number): Partial<Answer__Output> => ({ id, result: 'checkAccess', checkAccess: {} });

test('the calls of one turn travel in one message, and those of the next turn in another', async () => {
  const [one, two] = [send(), send()];
  expect(stream.written).toEqual([]);
  await turn();
  const three = send();
  await turn();
  expect(stream.ids).toEqual([[one.id, two.id], [three.id]]);
});

test('a message has a limited number of calls', async () => {
  for (let i = 0; i < MAX_BATCHED_CALLS + 2; i += 1) send();
  await turn();
  expect(stream.ids.map(({ length }) => length)).toEqual([MAX_BATCHED_CALLS, 2]);
});

test('a call carries its time limit and the span of its caller', async () => {
  send(1234, '00-trace-span-01');
  send();
  await turn();
  const [traced, plain] = stream.written[0]!.calls!;
  expect(traced).toMatchObject({ timeoutMs: 1234, traceparent: '00-trace-span-01', checkAccess: {} });
  expect(plain).not.toHaveProperty('traceparent');
});

test('answers reach their calls in any order', async () => {
  const [one, two, three] = [send(), send(), send()];
  await turn();
  stream.answer(ok(three.id), { id: one.id, result: 'failure', failure: encodeFailure(new LayoverError('DENIED')) });
  expect([one.ends, two.ends, three.ends]).toEqual([['DENIED'], [], [{}]]);
  stream.answer(ok(two.id), ok(two.id), ok(999));
  expect(two.ends).toEqual([{}]);
});

test('an answer of another kind is a bug of the data plane, and so is a failure that says nothing', async () => {
  const [one, two] = [send(), send()];
  await turn();
  stream.answer({ id: one.id, result: 'listTags' }, { id: two.id, result: 'failure', failure: Buffer.from('?') });
  expect([one.ends, two.ends]).toEqual([['INTERNAL'], ['INTERNAL']]);
});

describe('a cancelled call', () => {
  test('is not sent if it was not sent yet', async () => {
    const [one, two] = [send(), send()];
    calls.cancel(one.id);
    await turn();
    expect(stream.ids).toEqual([[two.id]]);
    expect(stream.written[0]!.cancelled).toBeUndefined();
  });

  test('is reported to the data plane, whose answer comes too late', async () => {
    const one = send();
    await turn();
    calls.cancel(one.id);
    calls.cancel(one.id);
    await turn();
    expect(stream.written[1]).toEqual({ calls: [], cancelled: [one.id] });
    stream.answer(ok(one.id));
    expect(one.ends).toEqual([]);
  });
});

test('a call without an answer fails with TIMEOUT when its time is up, and is cancelled', async () => {
  const [short, long] = [send(1000), send(60_000)];
  await turn();
  clock.advance(1000 - CALL_SWEEP_MS);
  expect(short.ends).toEqual([]);
  clock.advance(CALL_SWEEP_MS);
  expect([short.ends, long.ends]).toEqual([['TIMEOUT'], []]);
  await turn();
  expect(stream.written[1]).toEqual({ calls: [], cancelled: [short.id] });
  clock.advance(59_000);
  expect([short.ends, long.ends]).toEqual([['TIMEOUT'], ['TIMEOUT']]);
});

test.each<[string, () => void]>([
  ['breaks', () => stream.emit('error', Object.assign(new Error('lost'), { code: status.UNAVAILABLE, details: '' }))],
  ['is stopped', () => stream.emit('error', Object.assign(new Error('off'), { code: status.CANCELLED, details: '' }))],
  ['ends', () => stream.emit('end')],
])('if the stream %s, all calls without an answer fail at once, and new ones too', async (_what, end) => {
  const [one, two] = [send(), send()];
  await turn();
  stream.answer(ok(two.id));
  const three = send();
  end();
  stream.emit('end');
  expect([one.ends, two.ends, three.ends]).toEqual([['DATA_PLANE_UNAVAILABLE'], [{}], ['DATA_PLANE_UNAVAILABLE']]);
  expect([calls.isOver, stream.ended]).toEqual([true, true]);
  const four = send();
  expect(four.ends).toEqual([]);
  await turn();
  await turn();
  expect(four.ends).toEqual(['DATA_PLANE_UNAVAILABLE']);
  expect(stream.written).toHaveLength(1);
});

test('nothing is written while the connection takes nothing, and then everything', async () => {
  stream.isFull = true;
  const one = send();
  await turn();
  const two = send();
  calls.cancel(one.id);
  await turn();
  expect(stream.ids).toEqual([[one.id]]);
  stream.isFull = false;
  stream.emit('drain');
  expect(stream.written.slice(1)).toEqual([{ calls: [expect.objectContaining({ id: two.id })], cancelled: [one.id] }]);
});

test('too many calls without an answer are refused, so that another data plane is asked', async () => {
  const all = Array.from({ length: MAX_OPEN_CALLS }, () => send());
  const more = send();
  await turn();
  expect(more.ends).toEqual(['DATA_PLANE_UNAVAILABLE']);
  stream.answer(ok(all[0]!.id));
  const next = send();
  await turn();
  stream.answer(ok(next.id));
  expect(next.ends).toEqual([{}]);
});

test('a closing stream ends when its last call has ended', async () => {
  const [one, two] = [send(), send()];
  calls.close();
  await turn();
  stream.answer(ok(one.id));
  expect(stream.ended).toBe(false);
  stream.answer(ok(two.id));
  expect([stream.ended, calls.isOver]).toEqual([true, true]);
});
