import { rm } from 'node:fs/promises';
import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { loadRegistry, loadStorage } from '../../../common/grpc/load-proto';
import type { Clock } from '../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { RegistryHandlers } from '../../../proto/gen/layover/v1/Registry';
import type { StorageHandlers } from '../../../proto/gen/layover/v1/Storage';
import { prepareSocketPath, protectSocket } from './unix-socket';

/** Name under which the health service (grpc.health.v1) speaks of Registry; the empty name says the same. */
const SERVICE = 'layover.v1.Registry';

/** The gRPC server of a data plane. */
export interface RegistryServer {
  /** Resolves with the address that edges connect to when requests are accepted. Throws what binding throws (EADDRINUSE …). */
  start(): Promise<string>;
  /** What the health service says: whether pulls can be answered. */
  setServing(serving: boolean): void;
  /** Accepts nothing new, lets calls end for `drainMs`, cuts the rest. Harmless when called twice. */
  stop(drainMs: number): Promise<void>;
}

/** A server for Registry, Storage where it is given, and the health service at an address. Requests are small: the longest holds a CA bundle. */
export function createRegistryServer(
  handlers: RegistryHandlers,
  listen: ListenAddress,
  credentials: ServerCredentials,
  clock: Clock,
  storage?: StorageHandlers,
): RegistryServer {
  const server = new Server({
    'grpc.max_receive_message_length': 1024 * 1024,
    'grpc.max_send_message_length': -1,
    // An edge that vanished without a word: its calls end, and their fills have one client less.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
  });
  const health = new HealthImplementation({ '': 'NOT_SERVING', [SERVICE]: 'NOT_SERVING' });
  server.addService(loadRegistry().service, handlers);
  if (storage !== undefined) server.addService(loadStorage().service, storage);
  health.addToServer(server);
  const setServing = (serving: boolean): void => {
    for (const name of ['', SERVICE]) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  let stopping: Promise<void> | undefined;
  let bound = false;
  return {
    setServing,
    async start() {
      if (listen.kind === 'unix') await prepareSocketPath(listen.path);
      const port = await bind(server, formatGrpcAddress(listen), credentials);
      bound = true;
      if (listen.kind === 'unix') await protectSocket(listen.path);
      return formatGrpcAddress(listen.kind === 'unix' ? listen : { ...listen, port });
    },
    stop(drainMs) {
      setServing(false);
      // A socket that was never bound here may be another process's.
      stopping ??= shutDown(server, drainMs, clock).then(() =>
        bound && listen.kind === 'unix' ? rm(listen.path, { force: true }) : undefined,
      );
      return stopping;
    },
  };
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) =>
      error === null ? resolve(port) : reject(asSystemError(error)),
    );
  });
}

/** grpc-js says the system's code only in the text. */
function asSystemError(error: Error): Error {
  const code = /\b(E[A-Z]{3,})\b/.exec(error.message)?.[1];
  return code === undefined ? error : Object.assign(error, { code });
}

async function shutDown(server: Server, drainMs: number, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.after(drainMs, resolve);
    server.tryShutdown(() => {
      cancel();
      resolve();
    });
  });
  server.forceShutdown();
}
