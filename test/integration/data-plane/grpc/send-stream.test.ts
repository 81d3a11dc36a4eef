import { setTimeout as pause } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientReadableStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { fromGrpcError } from '../../../../common/grpc/error-status';
import { loadRegistry } from '../../../../common/grpc/load-proto';
import { systemClock } from '../../../../common/runtime/clock';
import type { ReadBlobReply } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobRequest__Output } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';
import { sendStream, type SendStreamOptions } from '../../../../data-plane/src/grpc/send-stream';
import { until } from '../../../support/data-plane/fills/fill-setup';

type Call = ServerWritableStream<ReadBlobRequest__Output, ReadBlobReply>;
type Produce = (signal: AbortSignal, call: Call) => AsyncIterable<ReadBlobReply>;

const KIB = 1024;
const Registry = loadRegistry();

describe('sendStream over gRPC', () => {
  let folder: string;
  let server: Server;
  let client: RegistryClient;
  let produce: Produce;
  let options: Partial<SendStreamOptions>;
  let sent: Promise<void>[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'layover-send-'));
    sent = [];
    options = {};
    server = new Server();
    const unused = (): never => {
      throw new Error('not part of this test');
    };
    server.addService(Registry.service, {
      AnswerCalls: unused,
      ReadBlob: (call: Call) => {
        sent.push(sendStream(call, (signal) => produce(signal, call), { clock: systemClock, ...options }));
      },
    });
    const address = `unix:${join(folder, 's')}`;
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
    );
    client = new Registry(address, credentials.createInsecure(), { 'grpc-node.flow_control_window': 1024 * KIB });
  });
  afterEach(async () => {
    client.close();
    server.forceShutdown();
    await Promise.all(sent);
    await rm(folder, { recursive: true, force: true });
  });

  const chunks = (count: number, size: number): Produce =>
    async function* () {
      for (let nth = 0; nth < count; nth += 1) yield { chunk: Buffer.alloc(size, nth) };
    };
  const outcome = async (
    call: ClientReadableStream<ReadBlobReply__Output>,
  ): Promise<{ received: number; error: LayoverError | undefined }> => {
    let received = 0;
    try {
      for await (const message of call) received += (message as ReadBlobReply__Output).chunk?.length ?? 0;
      return { received, error: undefined };
    } catch (error) {
      return { received, error: fromGrpcError(error as ServiceError, 'DATA_PLANE_UNAVAILABLE') };
    }
  };

  it('sends every message and then OK', async () => {
    produce = chunks(40, 256 * KIB);
    expect(await outcome(client.readBlob({}))).toEqual({ received: 40 * 256 * KIB, error: undefined });
  });

  it('sends OK for an empty stream', async () => {
    produce = chunks(0, 0);
    expect(await outcome(client.readBlob({}))).toEqual({ received: 0, error: undefined });
  });

  it('sends a failure with all its details after the earlier messages', async () => {
    const failures: unknown[] = [];
    options = { onFailure: (error) => failures.push(error) };
    produce = async function* () {
      yield { chunk: Buffer.alloc(1000) };
      throw new LayoverError('UPSTREAM_CONTENT', { message: 'the upstream sent something else' });
    };
    const { received, error } = await outcome(client.readBlob({}));
    expect(received).toBe(1000);
    expect(error).toMatchObject({ key: 'UPSTREAM_CONTENT', message: 'the upstream sent something else' });
    expect(failures).toHaveLength(1);
  });

  it('sends a failure before the first message', async () => {
    produce = () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new LayoverError('BLOB_UNKNOWN')) }),
    });
    expect((await outcome(client.readBlob({}))).error).toMatchObject({ key: 'BLOB_UNKNOWN' });
  });

  it('sends a bug as INTERNAL without its text', async () => {
    const failures: unknown[] = [];
    options = { onFailure: (error) => failures.push(error) };
    produce = () => {
      throw new TypeError('secret of /home/layover');
    };
    const { error } = await outcome(client.readBlob({}));
    expect(error).toMatchObject({ key: 'INTERNAL' });
    expect(error!.message).not.toContain('secret');
    expect(failures).toMatchObject([{ message: 'secret of /home/layover' }]);
  });

  it('stays only a little ahead of a caller that stops reading, and continues when it reads', async () => {
    let produced = 0;
    produce = async function* () {
      for (; produced < 64; produced += 1) yield { chunk: Buffer.alloc(256 * KIB) };
    };
    const call = client.readBlob({});
    await new Promise<void>((resolve) =>
      call.once('data', () => {
        call.pause();
        resolve();
      }),
    );
    await untilStill(() => produced);
    // The messages that grpc-js buffers in the client (16) and two windows of 1 MiB; far from all
    // of them.
    expect(produced).toBeLessThan(40);
    call.resume();
    expect((await outcome(call)).error).toBeUndefined();
    expect(produced).toBe(64);
  });

  it.each([
    ['cancels', (call: ClientReadableStream<ReadBlobReply__Output>) => call.cancel()],
    ['loses its connection', () => server.forceShutdown()],
  ])('aborts the signal of the producer if the caller %s, whatever the producer waits for', async (_, leave) => {
    let aborted = false;
    let ended = false;
    produce = async function* (signal) {
      try {
        yield { chunk: Buffer.alloc(10) };
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new LayoverError('CANCELLED'))),
        );
      } finally {
        aborted = signal.aborted;
        ended = true;
      }
    };
    const call = client.readBlob({});
    call.on('error', () => undefined);
    await new Promise((resolve) => call.once('data', resolve));
    leave(call);
    await Promise.all(sent);
    expect([aborted, ended]).toEqual([true, true]);
  });

  it('aborts the signal if the caller leaves while messages wait for it', async () => {
    let ended = false;
    let produced = 0;
    produce = async function* () {
      try {
        for (; ; produced += 1) yield { chunk: Buffer.alloc(256 * KIB) };
      } finally {
        ended = true;
      }
    };
    const call = client.readBlob({});
    call.on('error', () => undefined);
    await new Promise<void>((resolve) => call.once('data', () => (call.pause(), resolve())));
    await untilStill(() => produced);
    expect(ended).toBe(false);
    call.cancel();
    await Promise.all(sent);
    expect(ended).toBe(true);
  });

  it('aborts the signal when the deadline passes', async () => {
    let ended = false;
    produce = async function* (signal) {
      yield { chunk: Buffer.alloc(10) };
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended = true;
    };
    const { error } = await outcome(client.readBlob({}, { deadline: Date.now() + 100 }));
    expect(error).toMatchObject({ key: 'TIMEOUT' });
    await Promise.all(sent);
    expect(ended).toBe(true);
  });

  it('does not abort the signal after a successful end', async () => {
    let signal: AbortSignal | undefined;
    let cancelled = false;
    produce = async function* (given, call) {
      signal = given;
      call.on('cancelled', () => (cancelled = true));
      yield { chunk: Buffer.alloc(10) };
    };
    await outcome(client.readBlob({}));
    await until(() => cancelled);
    expect(signal!.aborted).toBe(false);
  });

  it('cuts a caller that reads nothing for too long', async () => {
    const failures: unknown[] = [];
    options = { idleMs: 60, onFailure: (error) => failures.push(error) };
    let ended = false;
    let produced = 0;
    produce = async function* () {
      try {
        for (; ; produced += 1) yield { chunk: Buffer.alloc(256 * KIB) };
      } finally {
        ended = true;
      }
    };
    const call = client.readBlob({});
    await new Promise<void>((resolve) => call.once('data', () => (call.pause(), resolve())));
    await Promise.all(sent);
    expect(ended).toBe(true);
    expect(failures).toMatchObject([{ key: 'TIMEOUT' }]);
    // The call has ended for the caller too, and the server holds no state of it.
    expect((await outcome(call)).error).toMatchObject({ key: 'CANCELLED' });
    await new Promise<void>((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve())));
  });
});

/** Resolves when the number has not changed for a moment. */
async function untilStill(read: () => number): Promise<void> {
  let before = -1;
  await until(async () => {
    const still = before === read();
    before = read();
    await pause(50);
    return still;
  });
}
