import { rm } from 'node:fs/promises';
import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { withTimeout } from '../../../common/async/deadline';
import { bindServer } from '../../../common/grpc/bind-server';
import { PLANE_SERVER } from '../../../common/grpc/plane-channel';
import { loadNode, loadRegistry, loadStorage } from '../../../common/grpc/load-proto';
import type { Clock } from '../../../common/runtime/clock';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import { preparePlaneSocket, protectSocket } from '../../../common/runtime/unix-socket';
import type { NodeHandlers } from '../../../proto/gen/layover/v1/Node';
import type { RegistryHandlers } from '../../../proto/gen/layover/v1/Registry';
import type { StorageHandlers } from '../../../proto/gen/layover/v1/Storage';
import { HealthService } from './health-service';

/**
 * How long a stopping server still accepts calls from watchers that have just been notified, in
 * milliseconds.
 */
const NOTICE_MS = 1_000;

/** The gRPC server of a data plane. */
export interface RegistryServer {
  /**
   * Starts to accept requests. Resolves with the address that edges connect to. Throws binding
   * errors such as EADDRINUSE.
   */
  start(): Promise<string>;
  /** Sets the status of the health service: whether this data plane can answer pulls. */
  setServing(serving: boolean): void;
  /**
   * Reports NOT_SERVING and, if the health service has watchers, still answers calls for a moment,
   * so that no request of a caller is lost that has not heard of it yet. Then accepts no new calls,
   * lets running calls end, and cuts the rest. Takes at most `drainMs` milliseconds. Idempotent.
   */
  stop(drainMs: number): Promise<void>;
}

/** The services and settings of a server. */
export interface RegistryServerOptions {
  readonly registry: RegistryHandlers;
  /**
   * Called when the server accepts no new calls any more, to end the streams that it keeps open.
   */
  readonly onDrain?: () => void;
  readonly storage?: StorageHandlers;
  readonly node?: NodeHandlers;
  readonly listen: ListenAddress;
  readonly credentials: ServerCredentials;
  readonly clock: Clock;
  /** Default: one second. */
  readonly noticeMs?: number;
}

/**
 * Maximum size of a message: a batch of calls with the headers of their clients, or a CA bundle.
 */
const MAX_RECEIVED_BYTES = 4 * 1024 * 1024;

/**
 * Creates a server for Registry, for Storage and Node if they are given, and for the health
 * service.
 */
export function createRegistryServer(options: RegistryServerOptions): RegistryServer {
  const { registry, storage, node, listen, credentials, clock, noticeMs = NOTICE_MS } = options;
  const server = new Server({
    'grpc.max_receive_message_length': MAX_RECEIVED_BYTES,
    'grpc.max_send_message_length': -1,
    // The calls of an edge that vanished end, and their fills have one client less.
    ...PLANE_SERVER,
  });
  const health = new HealthService();
  server.addService(loadRegistry().service, registry);
  if (storage !== undefined) server.addService(loadStorage().service, storage);
  if (node !== undefined) server.addService(loadNode().service, node);
  health.addTo(server);
  let stopping: Promise<void> | undefined;
  let bound = false;
  return {
    setServing(serving) {
      if (stopping === undefined) health.set(serving);
    },
    async start() {
      if (listen.kind === 'unix') await preparePlaneSocket(listen.path);
      const address = await bindServer(server, listen, credentials);
      bound = true;
      if (listen.kind === 'unix') await protectSocket(listen.path);
      return address;
    },
    stop: (drainMs) => (stopping ??= stop(drainMs)),
  };

  async function stop(drainMs: number): Promise<void> {
    const until = clock.steady() + drainMs;
    health.set(false);
    await health.whileWatched(clock, Math.min(noticeMs, drainMs));
    options.onDrain?.();
    await shutDown(server, health, Math.max(until - clock.steady(), 0), clock);
    // A socket that this server did not bind may belong to another process.
    if (bound && listen.kind === 'unix') await rm(listen.path, { force: true });
  }
}

async function shutDown(server: Server, health: HealthService, drainMs: number, clock: Clock): Promise<void> {
  const over = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  health.endWatches();
  await withTimeout(clock, drainMs, over, () => undefined);
  server.forceShutdown();
}
