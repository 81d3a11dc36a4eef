import { type ClientUnaryCall, connectivityState, type ServiceError } from '@grpc/grpc-js';
import { loadStorage } from '../../../common/grpc/load-proto';
import { planeChannel } from '../../../common/grpc/plane-channel';
import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import type { Clock } from '../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { StorageClient } from '../../../proto/gen/layover/v1/Storage';

/**
 * Time limit for connecting to one data plane, in milliseconds. A host that drops packets must not
 * use up the time for the next one.
 */
const CONNECT_MS = 2_000;

/**
 * Shorter than the deadline of every call, so that a call on a connection that died fails in time
 * for another data plane to be called.
 */
const OPTIONS = planeChannel({ pingAfterMs: 5_000, answerWithinMs: 5_000, reconnectWithinMs: 2_000 });

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
