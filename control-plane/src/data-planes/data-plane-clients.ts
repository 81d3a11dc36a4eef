import { type ClientOptions, type ClientUnaryCall, connectivityState, type ServiceError } from '@grpc/grpc-js';
import { loadStorage } from '../../../common/grpc/load-proto';
import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import type { Clock } from '../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { StorageClient } from '../../../proto/gen/layover/v1/Storage';

/**
 * Time limit for connecting to one data plane, in milliseconds. A host that drops packets must not
 * use up the time for the next one.
 */
const CONNECT_MS = 2_000;

const OPTIONS: ClientOptions = {
  // Data planes are in the internal network; a proxy from the environment is only for upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** The client of one data plane. */
export interface DataPlaneClient {
  /** As written in LAYOVER_DATA_PLANES. */
  readonly address: string;
  readonly client: StorageClient;
}

/**
 * Creates a client for each of `dataPlanes`, in the same order. Connections are opened on first
 * use.
 */
export function createDataPlaneClients(
  dataPlanes: readonly ListenAddress[],
  security: PlaneSecurity,
): readonly DataPlaneClient[] {
  const Storage = loadStorage();
  return dataPlanes.map((listen) => {
    const address = formatGrpcAddress(listen);
    return { address, client: new Storage(address, security.toReach('data-plane', listen), OPTIONS) };
  });
}

/**
 * Calls `cancel` if the channel is not connected after {@link CONNECT_MS}. Returns a function that
 * ends the watch.
 */
export function cancelIfUnreachable(client: StorageClient, clock: Clock, cancel: () => void): () => void {
  return clock.after(CONNECT_MS, () => {
    if (client.getChannel().getConnectivityState(false) !== connectivityState.READY) cancel();
  });
}

/**
 * Makes one unary call. Rejects with the gRPC error, at the latest at the deadline of the call, and
 * earlier if the data plane is unreachable.
 */
export function callDataPlane<Reply>(
  { client }: DataPlaneClient,
  clock: Clock,
  begin: (callback: (error: ServiceError | null, reply?: Reply) => void) => ClientUnaryCall,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const attempt: { call?: ClientUnaryCall } = {};
    const stopWatching = cancelIfUnreachable(client, clock, () => attempt.call?.cancel());
    attempt.call = begin((error, reply) => {
      stopWatching();
      if (error !== null) reject(error);
      else resolve(reply!);
    });
  });
}
