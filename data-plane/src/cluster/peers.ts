import type { loadNode } from '../../../common/grpc/load-proto';
import { planeChannel } from '../../../common/grpc/plane-channel';
import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import type { NodeAddress } from '../../../common/nodes/address-watch';
import type { NodeConnection } from '../../../common/nodes/node';
import { formatGrpcAddress } from '../../../common/runtime/listen-address';
import type { NodeClient } from '../../../proto/gen/layover/v1/Node';

const OPTIONS = planeChannel({ pingAfterMs: 3_000, answerWithinMs: 5_000, reconnectWithinMs: 500 });

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
