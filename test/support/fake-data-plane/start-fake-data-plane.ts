import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials, type sendUnaryData, type ServerDuplexStream } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { LayoverError } from '../../../common/errors/layover-error';
import { encodeFailure } from '../../../common/grpc/error-status';
import { loadNode, loadRegistry } from '../../../common/grpc/load-proto';
import type { CallKind } from '../../../common/grpc/registry-calls';
import { REGISTRY_SERVICE } from '../../../common/nodes/health-watch';
import { type ListenAddress, formatGrpcAddress } from '../../../common/runtime/listen-address';
import type { AnswerBatch } from '../../../proto/gen/layover/v1/AnswerBatch';
import type { CallBatch__Output } from '../../../proto/gen/layover/v1/CallBatch';
import type { IdentifyReply } from '../../../proto/gen/layover/v1/IdentifyReply';
import type { RegistryHandlers } from '../../../proto/gen/layover/v1/Registry';
import { BlobSender } from './blob-sender';
import type { Script } from './script';

/** A received small call. */
export interface RecordedCall {
  readonly method: keyof Script;
  readonly request: unknown;
}

/** A real gRPC server that implements Registry with a script. */
export interface FakeDataPlane {
  /** The address that it listens on. */
  readonly address: ListenAddress;
  /** The script can be replaced at any time. */
  script: Script;
  /** All calls except reads, oldest first. */
  readonly calls: RecordedCall[];
  /** All reads, oldest first. */
  readonly reads: BlobSender[];
  /** Resolves to read number `index`, or waits until there is one. */
  read(index: number): Promise<BlobSender>;
  /** Sets the health status and notifies all health watches. */
  setServing(serving: boolean): void;
  /** Ends every call and closes the port. */
  stop(): Promise<void>;
}

/** The identity that a fake data plane reports. */
export interface FakeIdentity {
  readonly nodeId: string;
  readonly instance: string;
}

/** Starts a fake data plane on a free loopback port or on a unix socket. */
export async function startFakeDataPlane(
  script: Script = {},
  listen: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 },
  identity?: FakeIdentity,
): Promise<FakeDataPlane> {
  const server = new Server();
  const waiting: (() => void)[] = [];
  const plane = { script, calls: [] as RecordedCall[], reads: [] as BlobSender[] };

  /** Answers a call with the script of its kind. */
  async function answerCall(kind: CallKind, request: unknown): Promise<object> {
    // A fake data plane offers its files in reads, like a data plane does while a blob is filled.
    if (kind === 'openBlob') return { useReadBlob: true };
    plane.calls.push({ method: kind, request });
    const scripted = plane.script[kind] as ((request: unknown) => object | void | Promise<object | void>) | undefined;
    return (await (scripted ?? unscripted)(request)) ?? {};
  }

  function answerCalls(stream: ServerDuplexStream<CallBatch__Output, AnswerBatch>): void {
    stream.on('data', ({ calls }: CallBatch__Output) => {
      for (const call of calls) {
        const { id, request: kind } = call;
        answerCall(kind!, call[kind!]).then(
          (reply) => stream.write({ answers: [{ id, [kind!]: reply }] }),
          (thrown: unknown) => stream.write({ answers: [{ id, failure: encodeFailure(thrown) }] }),
        );
      }
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => undefined);
  }
  const handlers: RegistryHandlers = {
    AnswerCalls: answerCalls,
    ReadBlob: (call) => {
      const sender = new BlobSender(call.request, call);
      plane.reads.push(sender);
      for (const wake of waiting.splice(0)) wake();
      const scripted = plane.script.readBlob ?? unscripted;
      Promise.resolve()
        .then(() => scripted(call.request, sender))
        .then(
          () => sender.end(),
          (thrown: unknown) => sender.fail(thrown),
        );
    },
  };
  server.addService(loadRegistry().service, handlers);
  const id = randomUUID();
  const identified = { nodeId: id, instance: id, nodeName: 'fake', ...identity };
  server.addService(loadNode().service, {
    Identify: (_call: unknown, done: sendUnaryData<IdentifyReply>) => done(null, identified),
  });
  const health = new HealthImplementation({ [REGISTRY_SERVICE]: 'SERVING' });
  health.addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(formatGrpcAddress(listen), ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return Object.assign(plane, {
    address: listen.kind === 'unix' ? listen : { ...listen, port },
    async read(index: number): Promise<BlobSender> {
      while (plane.reads[index] === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      return plane.reads[index];
    },
    setServing(serving: boolean): void {
      health.setStatus(REGISTRY_SERVICE, serving ? 'SERVING' : 'NOT_SERVING');
    },
    async stop(): Promise<void> {
      server.forceShutdown();
    },
  });
}

function unscripted(): never {
  throw new LayoverError('INTERNAL', { message: 'The fake data plane has no script for this method' });
}
