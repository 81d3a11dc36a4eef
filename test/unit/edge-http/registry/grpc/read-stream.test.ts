import { Readable } from 'node:stream';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { ReadStream, type SilenceWatch } from '../../../../../edge-http/src/registry/grpc/read-stream';
import { TestClock } from '../../../../support/test-clock';

/** A call like those of grpc-js: an object stream with cancel(). */
class FakeCall extends Readable {
  cancels = 0;
  constructor() {
    super({ objectMode: true, read: () => undefined });
  }
  cancel(): void {
    this.cancels += 1;
  }
}

/** A connection that is asked by hand. */
class FakeSilence implements SilenceWatch {
  readonly afterMs = 100;
  messages = 0;
  readonly asked: ((isSilent: boolean) => void)[] = [];
  heard(): void {
    this.messages += 1;
  }
  isSilent(): Promise<boolean> {
    return new Promise((resolve) => this.asked.push(resolve));
  }
}

function setUp(silence?: SilenceWatch): {
  call: FakeCall;
  clock: TestClock;
  abort: AbortController;
  stream: ReadStream<number>;
} {
  const call = new FakeCall();
  const clock = new TestClock();
  const abort = new AbortController();
  const stream = new ReadStream<number>(call as unknown as ClientReadableStream<number>, {
    signal: abort.signal,
    idleMs: 1000,
    clock,
    silence,
    toError: (error: ServiceError) => new LayoverError('UPSTREAM_FAILED', { message: error.message }),
  });
  return { call, clock, abort, stream };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('messages arrive in order, followed by the end', async () => {
  const { call, stream, clock } = setUp();
  for (const message of [1, 2, 3, 4, 5, null]) call.push(message);
  const seen: (number | undefined)[] = [];
  for (let i = 0; i < 7; i += 1) seen.push(await stream.next());
  expect(seen).toEqual([1, 2, 3, 4, 5, undefined, undefined]);
  expect(clock.pending).toBe(0);
});

test('the call is paused while no reader waits', async () => {
  const { call, stream } = setUp();
  for (let i = 0; i < 10; i += 1) call.push(i);
  await settled();
  expect(call.isPaused()).toBe(true);
  expect(call.readableLength).toBe(8);
  expect(await stream.next()).toBe(0);
  await settled();
  expect(call.readableLength).toBe(7);
});

test('a failure is reported at once and stays', async () => {
  const { call, stream } = setUp();
  call.push(1);
  await settled();
  call.emit('error', new Error('cut'));
  await expect(stream.next()).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  await expect(stream.next()).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
});

test('a waiting reader times out after the idle time, and the call is cancelled', async () => {
  const { call, stream, clock } = setUp();
  const waiting = stream.next();
  expect(clock.pending).toBe(1);
  clock.advance(1000);
  await expect(waiting).rejects.toMatchObject({ key: 'TIMEOUT' });
  expect(call.cancels).toBe(1);
});

test('the idle time only runs while a reader waits', async () => {
  const { call, stream, clock } = setUp();
  call.push(1);
  await stream.next();
  expect(clock.pending).toBe(0);
});

test('the signal cancels the call, even if it aborted before', async () => {
  const { call, stream, abort } = setUp();
  const waiting = stream.next();
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ key: 'CANCELLED' });
  expect(call.cancels).toBe(1);
  const late = new FakeCall();
  const gone = new ReadStream<number>(late as unknown as ClientReadableStream<number>, {
    signal: abort.signal,
    idleMs: 1,
    clock: new TestClock(),
    toError: () => new LayoverError('INTERNAL'),
  });
  await expect(gone.next()).rejects.toMatchObject({ key: 'CANCELLED' });
  expect(late.cancels).toBe(1);
});

test('cancel is harmless after the end and when repeated, and its late error is caught', async () => {
  const { call, stream } = setUp();
  stream.cancel();
  stream.cancel();
  call.emit('error', new Error('1 CANCELLED'));
  expect(call.cancels).toBe(1);
  const ended = setUp();
  ended.call.push(null);
  await ended.stream.next();
  ended.stream.cancel();
  expect(ended.call.cancels).toBe(0);
});

describe('a reader that waits', () => {
  test('asks whether the connection is silent, and gets DATA_PLANE_UNAVAILABLE if it is', async () => {
    const silence = new FakeSilence();
    const { call, stream, clock } = setUp(silence);
    const next = stream.next('unlimited');
    clock.advance(99);
    expect(silence.asked).toHaveLength(0);
    clock.advance(1);
    expect(silence.asked).toHaveLength(1);
    silence.asked[0]!(true);
    await expect(next).rejects.toMatchObject({ key: 'DATA_PLANE_UNAVAILABLE' });
    expect(stream.wasSilent).toBe(true);
    expect(call.cancels).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('waits on while the connection answers, up to its time limit', async () => {
    const silence = new FakeSilence();
    const { stream, clock } = setUp(silence);
    const next = stream.next();
    for (let asked = 1; asked < 10; asked += 1) {
      clock.advance(100);
      expect(silence.asked).toHaveLength(asked);
      silence.asked.at(-1)!(false);
      await settled();
    }
    clock.advance(100);
    await expect(next).rejects.toMatchObject({ key: 'TIMEOUT' });
    expect(stream.wasSilent).toBe(false);
  });

  test('is not disturbed by an answer that comes after its message', async () => {
    const silence = new FakeSilence();
    const { call, stream, clock } = setUp(silence);
    const first = stream.next();
    clock.advance(100);
    call.push(1);
    expect(await first).toBe(1);
    expect(silence.messages).toBe(1);
    const second = stream.next();
    silence.asked[0]!(true);
    await settled();
    call.push(2);
    expect(await second).toBe(2);
  });
});
