import {
  type CallOptions,
  type Metadata,
  Server,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { HealthImplementation, service as healthService } from 'grpc-health-check';
import { type ChannelCredentials, makeClientConstructor, type ServerCredentials } from '@grpc/grpc-js';
import { loadCatalog, loadRegistry } from '../../../../common/grpc/load-proto';

/** Outcome of a call. */
export interface Outcome {
  readonly code: number;
  readonly details: string;
  /** Keys of the trailing metadata, without those of gRPC itself. */
  readonly told: readonly string[];
}

/** Server with small calls and a stream of Registry, a call of Catalog, and health. */
export interface TestServer {
  readonly port: number;
  /** Metadata of every call that reached a handler. */
  readonly heard: Metadata[];
  /** Sends a message on the running stream. */
  push(): void;
  stop(): void;
}

/** Starts a server at an address of gRPC (`127.0.0.1:0`, `unix:…`). */
export async function startServer(credentials: ServerCredentials, address = '127.0.0.1:0'): Promise<TestServer> {
  const server = new Server();
  const heard: Metadata[] = [];
  let stream: ServerWritableStream<unknown, unknown> | undefined;
  const unary = (call: { readonly metadata: Metadata }, done: sendUnaryData<object>): void => {
    heard.push(call.metadata);
    done(null, {});
  };
  const answerCalls = (
    call: ServerDuplexStream<{ readonly calls: readonly { readonly id: number }[] }, object>,
  ): void => {
    heard.push(call.metadata);
    call.on('data', ({ calls }: { readonly calls: readonly { readonly id: number }[] }) =>
      call.write({ answers: calls.map(({ id }) => ({ id, checkAccess: {} })) }),
    );
    call.on('end', () => call.end());
  };
  server.addService(loadRegistry().service, {
    AnswerCalls: answerCalls,
    ReadBlob: (call: ServerWritableStream<unknown, unknown>) => {
      heard.push(call.metadata);
      stream = call;
      call.write({ chunk: Buffer.from('first') });
    },
  } as never);
  server.addService(loadCatalog().service, { LookupTag: unary } as never);
  new HealthImplementation({ '': 'SERVING' }).addToServer(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))),
  );
  return {
    port,
    heard,
    push: () => void stream!.write({ chunk: Buffer.from('more') }),
    stop: () => server.forceShutdown(),
  };
}

const OPTIONS = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_http_proxy': 0 };

/** Makes one unary call over its own connection. */
export async function ask(
  address: string,
  credentials: ChannelCredentials,
  service: 'registry' | 'catalog' | 'health' = 'registry',
): Promise<Outcome> {
  const caller = openCaller(address, credentials);
  try {
    return await caller.ask(service);
  } finally {
    caller.close();
  }
}

/** Creates a caller that uses one connection. */
export function openCaller(address: string, credentials: ChannelCredentials) {
  const registry = new (loadRegistry())(address, credentials, OPTIONS);
  const channelOverride = registry.getChannel();
  const catalog = new (loadCatalog())(address, credentials, { channelOverride });
  const Health = makeClientConstructor(healthService, 'grpc.health.v1.Health');
  const health = new Health(address, credentials, { channelOverride });
  const toOutcome = (error: ServiceError | null): Outcome => ({
    code: error?.code ?? 0,
    details: error?.details ?? '',
    told: Object.keys(error?.metadata?.getMap() ?? {}).filter((key) => !['content-type', 'date'].includes(key)),
  });
  /** Makes a small call on a stream of its own. The status of the stream is the outcome. */
  const askRegistry = (options: CallOptions, resolve: (outcome: Outcome) => void): void => {
    const stream = registry.answerCalls(options);
    stream.on('data', () => stream.end());
    stream.on('error', () => undefined);
    stream.on('status', (status: ServiceError) => resolve(toOutcome(status.code === 0 ? null : status)));
    stream.write({ calls: [{ id: 1, checkAccess: {} }] });
  };
  return {
    ask(service: 'registry' | 'catalog' | 'health' = 'registry'): Promise<Outcome> {
      return new Promise((resolve) => {
        const options = { deadline: Date.now() + 5_000 };
        const done = (error: ServiceError | null): void => resolve(toOutcome(error));
        if (service === 'registry') askRegistry(options, resolve);
        else if (service === 'catalog') catalog.lookupTag({}, options, done);
        else (health['check'] as unknown as (...args: unknown[]) => void).call(health, { service: '' }, options, done);
      });
    },
    /** Starts the stream. `next` resolves with each message and then with the outcome. */
    read() {
      const call = registry.readBlob({});
      const events: (string | Outcome)[] = [];
      let wake = (): void => undefined;
      const add = (event: string | Outcome): void => {
        events.push(event);
        wake();
      };
      call.on('data', (message: { readonly chunk?: Buffer }) => add(String(message.chunk)));
      call.on('error', (error: ServiceError) => add(toOutcome(error)));
      call.on('end', () => add('end'));
      return {
        async next(): Promise<string | Outcome> {
          while (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          return events.shift()!;
        },
        cancel: () => call.cancel(),
      };
    },
    close: () => registry.close(),
  };
}
