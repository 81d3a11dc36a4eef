import type { ChannelOptions } from '@grpc/grpc-js';
import type { loadNode } from '../../../common/grpc/load-proto';
import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import type { NodeAddress } from '../../../common/nodes/address-watch';
import type { NodeConnection } from '../../../common/nodes/node';
import { formatGrpcAddress } from '../../../common/runtime/listen-address';
import type { NodeClient } from '../../../proto/gen/layover/v1/Node';

const OPTIONS: ChannelOptions = {
  // Traffic between planes does not use the proxy of the environment, which is for upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 3_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
};

/** The connection to another data plane. */
export interface Peer extends NodeConnection {
  readonly client: NodeClient;
}

/** Creates a client for the Node service of another data plane. The caller closes it. */
export function connectPeer(
  Client: ReturnType<typeof loadNode>,
  { listen }: NodeAddress,
  security: PlaneSecurity,
): Peer {
  const client = new Client(formatGrpcAddress(listen), security.toReach('data-plane', listen), OPTIONS);
  return { client, channel: client.getChannel(), close: () => client.close() };
}
