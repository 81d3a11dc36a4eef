import { type ChannelCredentials, type ClientOptions, connectivityState, credentials } from '@grpc/grpc-js';
import { loadCatalog } from '../../../common/grpc/load-proto';
import { traceCalls } from '../../../common/grpc/trace-calls';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import { NO_TRACER, type Tracer } from '../../../common/tracing/tracer';
import type { CatalogClient } from '../../../proto/gen/layover/v1/Catalog';

export type { CatalogClient } from '../../../proto/gen/layover/v1/Catalog';

const OPTIONS: ClientOptions = {
  // The control plane is in the internal network; http_proxy is for connections to upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  // Messages are small, except snapshots of an earlier control plane: thousands of organizations
  // exceed gRPC's default of 4 MiB.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  // Separate connections, so that closing one client does not affect the others in this process.
  'grpc.use_local_subchannel_pool': 1,
};

/**
 * Creates the only connection of a data plane to the Catalog. It connects at the first call. The
 * caller must call `close()`.
 */
export function createCatalogClient(
  address: ListenAddress,
  by: ChannelCredentials = credentials.createInsecure(),
  tracer: Tracer = NO_TRACER,
): CatalogClient {
  return new (loadCatalog())(formatGrpcAddress(address), by, { ...OPTIONS, interceptors: traceCalls(tracer) });
}

/** Returns whether the connection is established. */
export function isConnected(client: CatalogClient): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY;
}
