import { type ChannelCredentials, type ClientOptions, connectivityState, credentials } from '@grpc/grpc-js';
import { loadCatalog } from '../../../common/grpc/load-proto';
import { planeChannel } from '../../../common/grpc/plane-channel';
import { traceCalls } from '../../../common/grpc/trace-calls';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import { NO_TRACER, type Tracer } from '../../../common/tracing/tracer';
import type { CatalogClient } from '../../../proto/gen/layover/v1/Catalog';

export type { CatalogClient } from '../../../proto/gen/layover/v1/Catalog';

const OPTIONS: ClientOptions = {
  // The answer to a ping may wait behind a snapshot of an earlier control plane.
  ...planeChannel({ pingAfterMs: 5_000, answerWithinMs: 10_000, reconnectWithinMs: 2_000 }),
  // Also between two calls, so that the next pull does not wait for a connection that died.
  'grpc.keepalive_permit_without_calls': 1,
  // Messages are small, except snapshots of an earlier control plane: thousands of organizations
  // exceed gRPC's default of 4 MiB.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};

/**
 * Creates a connection of a data plane to the Catalog: one for its unary calls, and one for each
 * Watch stream. It connects at the first call. The caller must call `close()`.
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

/** How long {@link whenConnected} waits, in milliseconds. */
const CONNECT_MS = 10_000;

/**
 * Calls `action` once the connection is established, or never if that takes longer than ten seconds
 * or the client is closed. A connection that was refused waits before its next try, also if another
 * connection to the same control plane is established already.
 */
export function whenConnected(client: CatalogClient, action: () => void): void {
  client.waitForReady(Date.now() + CONNECT_MS, (error) => {
    if (error === undefined) action();
  });
}
