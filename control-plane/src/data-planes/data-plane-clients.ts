import { type ClientOptions, type ClientUnaryCall, connectivityState, type ServiceError } from '@grpc/grpc-js';
import { loadStorage } from '../../../common/grpc/load-proto';
import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import type { Clock } from '../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { StorageClient } from '../../../proto/gen/layover/v1/Storage';

/** To reach one of them, in milliseconds: one that swallows packets must not use up the time of the next. */
const CONNECT_MS = 2_000;

const OPTIONS: ClientOptions = {
  // Data planes are inside; a proxy from the environment is for the way to upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** One data plane that can be asked. */
export interface DataPlaneClient {
  /** As in LAYOVER_DATA_PLANES. */
  readonly address: string;
  readonly client: StorageClient;
}

/** Clients of every data plane of LAYOVER_DATA_PLANES, in its order. Connections are made when first needed. */
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

/** Gives up a call when the data plane can't be reached soon; the function returned ends the watch. */
export function giveUpUnreached(client: StorageClient, clock: Clock, cancel: () => void): () => void {
  return clock.after(CONNECT_MS, () => {
    if (client.getChannel().getConnectivityState(false) !== connectivityState.READY) cancel();
  });
}

/** One unary call. Rejects with what gRPC says, within `deadline` (milliseconds since the epoch), or sooner when nobody is there. */
export function callDataPlane<Reply>(
  { client }: DataPlaneClient,
  clock: Clock,
  begin: (callback: (error: ServiceError | null, reply?: Reply) => void) => ClientUnaryCall,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const attempt: { call?: ClientUnaryCall } = {};
    const stopWatching = giveUpUnreached(client, clock, () => attempt.call?.cancel());
    attempt.call = begin((error, reply) => {
      stopWatching();
      if (error !== null) reject(error);
      else resolve(reply!);
    });
  });
}
